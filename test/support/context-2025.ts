import { mkdir, writeFile } from 'node:fs/promises'

/** A context of the shape that the legacy scripts left behind, with the sorts of members that people added. */
export const CONTEXT_2025 = `{
  "version": "1.0",
  "last_update": "2025-11-12T09:14:02+07:00",
  "agents": {
    "gc": {
      "status": "active",
      "last_seen": "2025-11-12T08:02:51+07:00"
    },
    "cls": {
      "status": "idle",
      "last_seen": "2025-11-12T08:01:10.482913",
      "notes": "reviewing \\"phase 5\\"\\nthen ตรวจสอบ 🎉"
    },
    "gg": {
      "status": "active",
      "last_seen": "2025-11-12T01:59:04Z",
      "context": {}
    },
    "mary": {
      "status": "active",
      "last_seen": "2025-11-12T09:14:02+07:00",
      "context": {
        "last_task": "WO-251112-017",
        "task_status": "completed",
        "result": {
          "files": [],
          "score": 1.10,
          "10": "ten",
          "2": "two"
        }
      },
      "quota": 12345678901234567890
    },
    "rnd": {
      "status": "active",
      "last_seen": "2025-11-12T09:13:59+07:00",
      "tags": [
        "a",
        {},
        []
      ]
    },
    "claude": {
      "status": "offline",
      "last_seen": "2025-11-11T23:40:00+07:00",
      "hook_success_rate": 1E2
    }
  },
  "current_work": {},
  "paths": {
    "sot": "/Users/someone/02luka",
    "working": "/Users/someone/02luka/g",
    "bridge": "/Users/someone/02luka/bridge"
  },
  "token_usage": {
    "total": 0,
    "saved": 0
  },
  "phase": {
    "name": "5",
    "done": null
  }
}
`

export async function leaveContext2025(root: string): Promise<void> {
  await mkdir(`${root}/shared_memory`, { recursive: true })
  await writeFile(`${root}/shared_memory/context.json`, CONTEXT_2025)
}
