import { joinMissesOf, runtimeThreadMetrics } from '../runtime-metrics.ts'
import { StreamThread, type StreamThreadOptions } from '../stream-thread.ts'
import type { ThreadHandle } from './thread-handle.ts'

/** A thread in this event loop. Its state can be read at once. */
export function localThread(index: number, options: StreamThreadOptions): ThreadHandle {
  const thread = new StreamThread(options)
  return {
    index,
    get isReady() {
      return thread.isReady
    },
    get hosts() {
      return thread.hosts
    },
    run: () => thread.run(),
    stop: (leaving) => thread.stop(leaving),
    abandon: () => undefined,
    setPaused: () => undefined,
    askForShutdown: () => thread.askForShutdown(),
    find: (store, partition) => thread.copies.find(store, partition),
    has: () => undefined,
    ask: () => undefined,
    standings: () => thread.copies.standings(),
    metrics: () => runtimeThreadMetrics(thread),
    joinMisses: () => joinMissesOf(thread),
  }
}
