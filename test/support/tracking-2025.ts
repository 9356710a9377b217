/** A tracking file as the older tracker left them: what its parser and ours read differently is in it. */
export const TRACKING = `# kept by hand
metadata:
  version: '2.0'
  last_updated: '2025-07-20T21:08:12.943101Z'
  stable_id_system: true
prp_tracking:
  P0-001:
    title: Fix the coordinator
    status: complete
    validated_at: '2025-07-10T10:00:00Z'
    started_at: '2025-07-10T11:00:00Z'
    completed_at: '2025-07-10T16:00:00Z'
    github_commit: 27e7220 # no number
    stable_id: PRP-1001
    corrected_priority: P0
  P0-021:
    title: 'Explorer: who, and "what"'
    status: in_progress
    validated_at: '2025-07-16T10:00:00Z'
    started_at: '2025-07-17T10:00:00Z'
    completed_at: null
    github_commit: 3320525
    corrected_priority: P0
  P3-005:
    title: Tests
    status: validated
    validated_at: '2025-07-16T16:00:00Z'
    started_at: null
    completed_at: null
    notes: PRP exists, marking as validated
    weight: 1.10
    corrected_priority: P1
    depends_on:
    - P0-021
  P3-006:
    title: Mocks out
    status: new
    validated_at: null
    corrected_priority: P3
  P3-007:
    title: Old way
    status: validated
    validated_at: '2025-07-16T16:00:00Z'
    deprecated: true
    superseded_by: P3-005
stats:
  total_prps: 5
  active_prps: 4
  deprecated_prps: 1
  status_distribution:
    complete: 1
    in_progress: 1
    validated: 1
    new: 1
  completion_rate: 0.25
  moscow_distribution:
    must_have_p0: 2 (50%)
`
