import type { AnyTopicContract } from '@millrace/contracts'
import type {
  AnyStoreClient,
  KeyValueClient,
  SessionClient,
  StoreClient,
  VersionedClient,
  WindowClient,
} from './store-client.ts'

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
        readonly keyValue: Asked<KeyValueClient<C>, 'A store of keys and values', 'get, entry or range'>
        readonly window: Asked<WindowClient<C>, 'A window store', 'window or windows'>
        readonly session: Asked<SessionClient<C>, 'A session store', 'session or sessions'>
        readonly versioned: Asked<VersionedClient<C>, 'A versioned store', 'version, versions or rows'>
      }[K]
    : D extends AnyTopicContract
      ? StoreClient<D>
      : never

declare const sentence: unique symbol

/** Nothing fits it; its name in the compiler's message says what is wrong. */
interface Misasked<Sentence extends string> {
  readonly [sentence]: Sentence
}

/** What stores of other kinds are asked by is there as a sentence. */
type Asked<Client, Kind extends string, By extends string> = Client & {
  readonly [M in Exclude<
    Extract<keyof AnyStoreClient<AnyTopicContract>, string>,
    keyof Client
  >]: Misasked<`${Kind} has no ${M}: it is asked by ${By}`>
}

export function contractOf(description: StoreDescription): AnyTopicContract {
  return 'storeKind' in description ? description.contract : description
}
