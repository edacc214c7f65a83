export { type QueryClient, type QueryClientOptions, queryClient } from './query-client.ts'
export type {
  RangeOptions,
  RequestOptions,
  StateEntry,
  StateWindow,
  StoreClient,
  WindowOptions,
} from './store-client.ts'
export type { Fetch } from './transport.ts'
