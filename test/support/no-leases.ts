import { leasingBy } from '../../src/core/leasing.js'

/** For fakes that are asked about records only. */
export const noLeases = leasingBy(() => Promise.reject(new Error('this fake grants no leases')))
