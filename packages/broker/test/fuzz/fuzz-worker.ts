import { parentPort, workerData } from 'node:worker_threads'
import type { Family } from './families.ts'
import { FuzzFailure, FuzzRun } from './fuzz-run.ts'

/** What the thread is told, and where it writes how far it is. */
export interface FuzzOrder {
  readonly family: Family
  readonly from: number
  readonly count: number
  /** Seed and frame: read by the thread that watches. */
  readonly progress: Int32Array<SharedArrayBuffer>
}

const { family, from, count, progress } = workerData as FuzzOrder
/** Most frames are refused with an error, and a stack for each is a good part of the time. */
Error.stackTraceLimit = 0
const limitForFailures = 20

for (let seed = from; seed < from + count; seed++) {
  try {
    const result = new FuzzRun(family, seed).run({
      at: (current, frame) => {
        Atomics.store(progress, 0, current)
        Atomics.store(progress, 1, frame)
      },
    })
    parentPort!.postMessage({ seed, result })
  } catch (error) {
    parentPort!.postMessage({ seed, failure: withStack(seed) ?? String(error) })
  }
}

/** The same seed once more, for the stack. */
function withStack(seed: number): string | undefined {
  Error.stackTraceLimit = limitForFailures
  try {
    new FuzzRun(family, seed).run()
  } catch (error) {
    return error instanceof FuzzFailure ? error.message : String(error)
  } finally {
    Error.stackTraceLimit = 0
  }
  return undefined
}
