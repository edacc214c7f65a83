import type { AnyTopicContract } from '@millrace/contracts'
import type { KeyValueClient, SessionClient, StoreClient, VersionedClient, WindowClient } from './store-client.ts'

type Kind = 'keyValue' | 'window' | 'session' | 'versioned'

/** A contract with the kind of store that it describes, so that what such a store cannot be asked does not compile. */
export interface StoreOfKind<K extends Kind, C extends AnyTopicContract> {
  readonly storeKind: K
  readonly contract: C
}

const of =
  <K extends Kind>(storeKind: K) =>
  <C extends AnyTopicContract>(contract: C): StoreOfKind<K, C> => ({ storeKind, contract })

/** Describes a key-value store. */
export const keyValueStore = of('keyValue')
/** Describes a window store: the contract has the key of the windows and the value of each. */
export const windowStore = of('window')
/** Describes a session store. */
export const sessionStore = of('session')
/** Describes a versioned store. */
export const versionedStore = of('versioned')

/** What `queryClient` takes for a store. */
export type StoreDescription = AnyTopicContract | StoreOfKind<Kind, AnyTopicContract>

/** The client of a store by its description. */
export type ClientOf<D extends StoreDescription> =
  D extends StoreOfKind<infer K, infer C>
    ? {
        readonly keyValue: KeyValueClient<C>
        readonly window: WindowClient<C>
        readonly session: SessionClient<C>
        readonly versioned: VersionedClient<C>
      }[K]
    : D extends AnyTopicContract
      ? StoreClient<D>
      : never

export function contractOf(description: StoreDescription): AnyTopicContract {
  return 'storeKind' in description ? description.contract : description
}
