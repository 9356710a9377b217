/** `npm run bench`: propagation, throughput and peers. Results: docs/benchmarks.md. */
import { coldPeers, etcdWatch, warmPeers } from './peers.js'
import { propagation } from './propagation.js'
import { runSections } from './support.js'
import { throughput } from './throughput.js'

await runSections([propagation, throughput, warmPeers, coldPeers, etcdWatch])
