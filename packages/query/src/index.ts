export type { ChangesOptions, StateChange } from './changes.ts'
export { queryError, queryErrors } from './errors.ts'
export { type QueryClient, type QueryClientOptions, queryClient } from './query-client.ts'
export type { ReadOptions, RequestOptions, WrittenRecord } from './read-options.ts'
export type {
  AllWindowsOptions,
  KeyedVersion,
  KeyedWindow,
  KeyValueClient,
  RangeOptions,
  SessionClient,
  StateEntry,
  StateHeader,
  StateVersion,
  StateWindow,
  StoreClient,
  VersionedClient,
  VersionedRowsOptions,
  VersionOptions,
  VersionsOptions,
  WindowClient,
  WindowOptions,
} from './store-client.ts'
export {
  keyValueStore,
  type StoreDescription,
  type StoreOfKind,
  sessionStore,
  versionedStore,
  windowStore,
} from './store-kinds.ts'
export type { Fetch } from './transport.ts'
