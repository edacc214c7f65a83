import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread, type Worker } from 'node:worker_threads'

/** In bytes, summed over a process's threads, each with a heap of its own. */
export interface IsolateMemory {
  readonly heapUsed: number
  readonly external: number
}

const channel = 'millrace-collect'
const workers = new Set<Worker>()
let isListening = false

/** Has every thread of this process collect its garbage when it is asked for; does nothing without `--expose-gc`. */
export function collectWhenAsked(): void {
  if (!globalThis.gc || isListening) return
  isListening = true
  if (isMainThread) {
    process.on('worker', (worker) => {
      workers.add(worker)
      void once(worker, 'exit').then(() => workers.delete(worker))
    })
    return
  }
  const asked = new BroadcastChannel(channel)
  asked.onmessage = () => void globalThis.gc?.()
  // Node's channels have it; the type is the browser's.
  ;(asked as unknown as { unref(): void }).unref()
}

/** What is left after a collection. */
export async function memoryOfIsolates(): Promise<IsolateMemory> {
  const asking = new BroadcastChannel(channel)
  asking.postMessage(true)
  asking.close()
  globalThis.gc?.()
  await delay(200)
  const { heapUsed, external } = process.memoryUsage()
  const others = await Promise.all([...workers].map((worker) => worker.getHeapStatistics()))
  return others.reduce(
    (sum, heap) => ({ heapUsed: sum.heapUsed + heap.used_heap_size, external: sum.external + heap.external_memory }),
    { heapUsed, external },
  )
}
