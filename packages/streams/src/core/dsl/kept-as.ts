import type { StoreSpec, StoreStorage } from '../topology/store-kinds.ts'

/** How the store of a step is kept. */
export interface KeptAs {
  /** Whether the record cache stands in front; true unless turned off. */
  readonly cache?: boolean
  /**
   * Whether updates are logged, so that a lost disk loses nothing: true unless told otherwise. Settings are those of the
   * changelog topic, under Kafka's names.
   */
  readonly changelog?: boolean | Readonly<Record<string, string>>
  /**
   * `disk` (unless told otherwise) survives a restart; `memory` is restored from the changelog at every start; a
   * function supplies a byte store of its own.
   */
  readonly storage?: StoreStorage
}

/** The same as a store spec says it. */
export function keptAs(options: KeptAs): Pick<StoreSpec, 'cached' | 'changelog' | 'storage'> {
  const { cache = true, changelog = true, storage } = options
  return {
    cached: cache,
    changelog: changelog === true ? {} : changelog === false ? undefined : changelog,
    storage,
  }
}
