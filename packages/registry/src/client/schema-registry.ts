import { type Clock, systemClock, systemRandom } from '@millrace/base'
import { baseError, checkOptions, type LimitTable, resolveLimits } from '@millrace/base/internal'
import { checkSerdeOptions, type SerdeOptions } from '../serde/serde-options.ts'
import { type Awaitable, chain, chainAll } from './awaitable.ts'
import { Cache, cacheName } from './cache.ts'
import { httpTransport, type RegistryAuth, type RegistryTls } from './http-transport.ts'
import { mockTransport } from './mock-transport.ts'
import { RestApi } from './rest-api.ts'
import type { ResolvedSchema, SchemaText, SubjectVersion } from './schema.ts'
import type { RegistryTransport } from './transport.ts'

export interface SchemaRegistryOptions {
  /**
   * Where the registry answers: `http://` or `https://`, one or several that share their state, or `mock://scope` for one
   * that lives in this process.
   */
  readonly urls: string | readonly string[]
  readonly auth?: RegistryAuth
  readonly tls?: RegistryTls
  /** What serdes do where they say nothing else. */
  readonly serdes?: SerdeOptions
  readonly limits?: { readonly [Name in keyof typeof registryLimits]?: number }
}

const registryLimits = {
  requestTimeoutMs: { default: 10_000, min: 1, max: 300_000, reached: 'The next URL is asked, or the same one again.' },
  maxAttempts: { default: 5, min: 1, max: 1_000, reached: 'REGISTRY_UNREACHABLE.' },
  retryDelayMsMin: { default: 100, min: 1, max: 60_000, reached: 'The first pause; it doubles from there.' },
  retryDelayMsMax: { default: 5_000, min: 1, max: 600_000, reached: 'Pauses grow no longer.' },
  cacheMaxEntries: { default: 10_000, min: 1, max: 1_000_000, reached: 'What was fetched first is fetched again.' },
  failureCacheMs: { default: 30_000, min: 0, max: 3_600_000, reached: 'A schema that was refused is asked for again.' },
} as const satisfies LimitTable

/**
 * A schema registry, as serdes use it. Every answer is kept, and who asks for what is on its way waits with the others: once
 * all schemas in use have been seen, no request is made. Answers that are at hand come as they are, others as promises.
 */
export interface SchemaRegistry {
  readonly serdes: SerdeOptions
  /** How long a refusal is believed. */
  readonly failureCacheMs: number
  readonly clock: Clock
  /** The id of the schema; a new version of the subject is made where there is none with it. */
  register(subject: string, schema: SchemaText, options?: { readonly normalize?: boolean }): Awaitable<number>
  /** The version of the subject that has the schema. */
  lookUp(subject: string, schema: SchemaText, options?: { readonly normalize?: boolean }): Awaitable<SubjectVersion>
  schemaById(id: number): Awaitable<SchemaText>
  version(subject: string, version: number | 'latest'): Awaitable<SubjectVersion>
  /** With everything that it refers to. */
  resolve(schema: SchemaText): Awaitable<ResolvedSchema>
  /** Ends connections that are kept open. */
  close(): void
}

/**
 * The client of a registry that speaks Confluent's REST API.
 *
 * @throws CONFIG_INVALID_OPTION and others of their kind
 * @example
 * const registry = schemaRegistry({ urls: 'https://registry:8081', auth: { username: 'orders', password: env.PASSWORD } })
 */
export function schemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  checkOptions(
    'schemaRegistry',
    options,
    { urls: ['string', 'array'], auth: 'object', tls: 'object', serdes: 'object', limits: 'object' },
    { required: ['urls'] },
  )
  checkSerdeOptions('schemaRegistry.serdes', options.serdes ?? {})
  const limits = resolveLimits('schemaRegistry.limits', registryLimits, options.limits)
  const urls = (typeof options.urls === 'string' ? options.urls.split(',') : options.urls).map(parsedUrl)
  return registryOver(transportTo(urls, options, limits), limits, options.serdes)
}

/** For transports of other kinds. */
export function registryOver(
  transport: RegistryTransport,
  { cacheMaxEntries, failureCacheMs }: { readonly cacheMaxEntries: number; readonly failureCacheMs: number },
  serdes: SerdeOptions = {},
  clock: Clock = systemClock,
): SchemaRegistry {
  return new CachingRegistry(transport, new Cache(cacheMaxEntries), { failureCacheMs, serdes, clock })
}

class CachingRegistry implements SchemaRegistry {
  readonly serdes: SerdeOptions
  readonly failureCacheMs: number
  readonly clock: Clock
  readonly #transport: RegistryTransport
  readonly #api: RestApi
  readonly #cache: Cache

  constructor(
    transport: RegistryTransport,
    cache: Cache,
    settings: Pick<SchemaRegistry, 'serdes' | 'failureCacheMs' | 'clock'>,
  ) {
    this.#transport = transport
    this.#api = new RestApi(transport)
    this.#cache = cache
    this.serdes = settings.serdes
    this.failureCacheMs = settings.failureCacheMs
    this.clock = settings.clock
  }

  register(subject: string, schema: SchemaText, { normalize = false } = {}): Awaitable<number> {
    const name = cacheName('register', subject, schemaName(schema), normalize)
    return this.#cache.get(name, () => this.#api.register(subject, schema, normalize))
  }

  lookUp(subject: string, schema: SchemaText, { normalize = false } = {}): Awaitable<SubjectVersion> {
    const name = cacheName('lookUp', subject, schemaName(schema), normalize)
    return this.#cache.get(name, () => this.#api.lookUp(subject, schema, normalize))
  }

  schemaById(id: number): Awaitable<SchemaText> {
    return this.#cache.get(cacheName('id', id), () => this.#api.byId(id))
  }

  version(subject: string, version: number | 'latest'): Awaitable<SubjectVersion> {
    return this.#cache.get(cacheName('version', subject, version), () => this.#api.version(subject, version))
  }

  resolve(schema: SchemaText): Awaitable<ResolvedSchema> {
    return chain(this.#mentionedBy(schema), (mentioned) => ({ ...schema, mentioned: once(mentioned) }))
  }

  close(): void {
    this.#transport.close?.()
  }

  /** Registries accept no circles of references: this ends. */
  #mentionedBy({ references }: SchemaText): Awaitable<readonly Mentioned[]> {
    const branches = references.map(({ name, subject, version }) =>
      chain(this.version(subject, version), (found) =>
        chain(this.#mentionedBy(found), (below): readonly Mentioned[] => [...below, { name, text: found.text }]),
      ),
    )
    return chain(chainAll(branches), (lists) => lists.flat())
  }
}

type Mentioned = ResolvedSchema['mentioned'][number]

function once(mentioned: readonly Mentioned[]): readonly Mentioned[] {
  return [...new Map(mentioned.map((each) => [each.name, each])).values()]
}

function schemaName({ type, text, references }: SchemaText): string {
  return cacheName(type, text, JSON.stringify(references))
}

function transportTo(
  urls: readonly URL[],
  { auth, tls }: SchemaRegistryOptions,
  limits: { readonly [Name in keyof typeof registryLimits]: number },
): RegistryTransport {
  const [first] = urls
  if (first === undefined) throw baseError('CONFIG_INVALID_OPTION', 'schemaRegistry: `urls` names no registry')
  if (first.protocol === 'mock:') return mockTransport(first)
  return httpTransport({ ...limits, urls, auth, tls, clock: systemClock, random: systemRandom })
}

function parsedUrl(text: string): URL {
  const url = URL.parse(text.trim())
  if (url !== null && ['http:', 'https:', 'mock:'].includes(url.protocol)) return url
  // Not shown: a URL may hold a password.
  throw baseError('CONFIG_INVALID_OPTION', 'schemaRegistry: each of `urls` begins with http://, https:// or mock://', {
    option: 'urls',
  })
}
