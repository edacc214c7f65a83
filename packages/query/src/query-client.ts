import { type Clock, type Random, systemClock, systemRandom } from '@millrace/base'
import { baseError, checkOptions } from '@millrace/base/internal'
import { Addresses } from './addresses.ts'
import { storeClient } from './store-client.ts'
import { type ClientOf, contractOf, type StoreDescription } from './store-kinds.ts'
import { anyOf, askAnyOf, type Fetch, openAnyOf } from './transport.ts'

export interface QueryClientOptions<Stores extends Readonly<Record<string, StoreDescription>>> {
  /** Address of a gateway, `http://localhost:8080`. Any instance answers for all of them. */
  readonly url?: string
  /** Addresses of several instances: when one does not answer, the next is asked. Give this or `url`. */
  readonly urls?: readonly string[]
  /**
   * Learns from the instances which others there are, and asks those too when the given ones do not answer. For clients that
   * reach the addresses under which instances know each other. Default false.
   */
  readonly discover?: boolean
  /** Contracts by the names of the stores they describe; `windowStore(contract)` and its like say of which kind. */
  readonly stores: Stores
  /** How long one request to one instance may take. Default 5000. */
  readonly timeoutMs?: number
  /** How long a call tries in all, waits included. Default 30 000. */
  readonly deadlineMs?: number
  /** Answers larger than this are refused. Default 16 MiB. */
  readonly maxResponseBytes?: number
  /** What the gateway asks for beyond loopback; sent as `authorization: Bearer …`. */
  readonly token?: string
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the platform's. */
  readonly fetch?: Fetch
  /** Injected in tests. */
  readonly clock?: Clock
  /** Injected in tests. */
  readonly random?: Random
}

/** One member per store. */
export type QueryClient<Stores extends Readonly<Record<string, StoreDescription>>> = {
  readonly [Name in keyof Stores]: ClientOf<Stores[Name]>
}

/**
 * A typed client for state that streams applications keep. It needs nothing but `fetch` and holds no connection, so that
 * there is nothing to close.
 *
 * @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION, CONFIG_MISSING_OPTION; its calls QUERY_UNAVAILABLE, QUERY_REFUSED,
 * QUERY_UNEXPECTED_ANSWER, and CONTRACT_MISMATCH for a value that its contract's schema does not accept
 * @example
 * const state = queryClient({ url: 'http://localhost:8080', stores: { spend } })
 * const row = await state.spend.get('alice') // { country, total } | undefined
 * for await (const { key, value } of state.spend.range({ from: 'a', to: 'b' })) console.log(key, value.total)
 */
export function queryClient<const Stores extends Readonly<Record<string, StoreDescription>>>(
  options: QueryClientOptions<Stores>,
): QueryClient<Stores> {
  checkOptions(
    'queryClient',
    options,
    {
      url: 'string',
      urls: 'array',
      discover: 'boolean',
      stores: 'object',
      timeoutMs: { min: 1 },
      deadlineMs: { min: 1 },
      maxResponseBytes: { min: 1_024 },
      token: 'string',
      headers: 'object',
      fetch: 'function',
      clock: 'object',
      random: 'object',
    },
    { required: ['stores'] },
  )
  const clock = options.clock ?? systemClock
  const [anyStore = ''] = Object.keys(options.stores)
  const transport = {
    addresses: new Addresses(checkedUrls(options), clock, options.discover ?? false),
    metadataPath: `/metadata/${encodeURIComponent(anyStore)}`,
    // Called through a closure: a browser's fetch must not be called as a member of something else.
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    timeoutMs: options.timeoutMs ?? 5_000,
    deadlineMs: options.deadlineMs ?? 30_000,
    maxResponseBytes: options.maxResponseBytes ?? 16 * 1024 * 1024,
    headers: { ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }), ...options.headers },
    clock,
    random: options.random ?? systemRandom,
  }
  const any = anyOf(transport)
  const ways = { ...transport, ask: askAnyOf(transport, any), open: openAnyOf(transport, any) }
  const clients = Object.entries(options.stores).map(([name, description]) => [
    name,
    storeClient(name, contractOf(description), ways),
  ])
  return Object.freeze(Object.fromEntries(clients)) as QueryClient<Stores>
}

function checkedUrls({ url, urls }: { readonly url?: string; readonly urls?: readonly string[] }): string[] {
  const given = urls ?? (url === undefined ? [] : [url])
  if (given.length === 0 || (url !== undefined && urls !== undefined)) {
    throw baseError('CONFIG_MISSING_OPTION', 'queryClient needs either `url` or `urls`', { option: 'url' })
  }
  return given.map((address) => {
    const isHttp = URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
    if (isHttp) return address.replace(/\/+$/, '')
    throw baseError(
      'CONFIG_INVALID_OPTION',
      'queryClient: an address must be a URL that begins with http:// or https://',
      {
        option: 'url',
      },
    )
  })
}
