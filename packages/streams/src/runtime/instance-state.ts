/**
 * - `created`: waiting for its topics;
 * - `rebalancing`: joining the group, or taking over and restoring tasks; what is already restored runs;
 * - `running`: every assigned task is at work;
 * - `pending_shutdown`, `not_running`: closing and closed;
 * - `error`: stopped by a failure that repeating would not mend.
 */
export type StreamsState = 'created' | 'rebalancing' | 'running' | 'pending_shutdown' | 'not_running' | 'error'

export type StreamsEvent = 'topicsReady' | 'ready' | 'unready' | 'close' | 'closed' | 'failed'

/** Every state has an entry for every event; null leaves the state as it is. */
const transitions: Readonly<Record<StreamsState, Readonly<Record<StreamsEvent, StreamsState | null>>>> = {
  created: {
    topicsReady: 'rebalancing',
    ready: null,
    unready: null,
    close: 'pending_shutdown',
    closed: 'not_running',
    failed: 'error',
  },
  rebalancing: {
    topicsReady: null,
    ready: 'running',
    unready: null,
    close: 'pending_shutdown',
    closed: 'not_running',
    failed: 'error',
  },
  running: {
    topicsReady: null,
    ready: null,
    unready: 'rebalancing',
    close: 'pending_shutdown',
    closed: 'not_running',
    failed: 'error',
  },
  pending_shutdown: {
    topicsReady: null,
    ready: null,
    unready: null,
    close: null,
    closed: 'not_running',
    failed: 'error',
  },
  not_running: { topicsReady: null, ready: null, unready: null, close: null, closed: null, failed: null },
  error: { topicsReady: null, ready: null, unready: null, close: null, closed: null, failed: null },
}

export type StateListener = (state: StreamsState, before: StreamsState) => void

/** The state of an instance and who wants to hear of its changes. */
export class InstanceState {
  readonly #listeners = new Set<StateListener>()
  #state: StreamsState = 'created'

  get current(): StreamsState {
    return this.#state
  }

  apply(event: StreamsEvent): void {
    const before = this.#state
    const next = transitions[before][event]
    if (next === null || next === before) return
    this.#state = next
    for (const listener of this.#listeners) {
      try {
        listener(next, before)
      } catch (error) {
        // A mistake of the listener's: loud, but not in the middle of a commit.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  listen(listener: StateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
