import type { Clock } from '@millrace/base'
import type { Client } from 'pg'
import type { LogicalReplicationService } from 'pg-logical-replication'
import { connectError } from '../../errors.ts'
import { connectionOptions, loadReplication, textSettings } from '../../postgres/driver.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { codeOf, postgresError } from '../../postgres/postgres-errors.ts'
import { formatLsn } from './lsn.ts'
import { MessageQueue } from './message-queue.ts'
import { identifySystem, type ServerIdentity } from './server-checks.ts'

export interface FeedOptions {
  readonly url: string
  readonly applicationName: string
  readonly slot: string
  readonly publications: readonly string[]
  readonly fromLsn: bigint
  /** Whom it was settled with where to go on: another one may have taken over meanwhile. */
  readonly server: Pick<ServerIdentity, 'systemId' | 'timeline'>
  /** Beyond this many waiting bytes the socket is not read; it is read again when half of them are gone. */
  readonly bufferMaxBytes: number
  /** How often the server is told what is confirmed, also while the socket is not read. */
  readonly statusIntervalMs: number
  /** Without any message from the server for so long the connection counts as lost. */
  readonly receiveTimeoutMs: number
  readonly clock: Clock
}

/**
 * The replication stream of a slot as a bounded queue of messages.
 *
 * The library's own acknowledgement stays off: it confirms what was received, and so lets the server forget changes that
 * are not in Kafka yet. Its `acknowledge(lsn)` confirms `lsn + 1`, which would skip a transaction whose commit record
 * begins exactly where the last one ended; the position is handed over less one for that reason.
 */
export class ReplicationFeed {
  readonly queue = new MessageQueue()
  /** The server has sent everything before this point; only ever set while the queue is empty. */
  idleLsn = 0n
  /** The end of the server's log as it last told. */
  serverLsn = 0n
  /** Called when the stream has failed, for what waits for the same server elsewhere. */
  onFailure: (() => void) | undefined
  readonly #options: FeedOptions
  #service: LogicalReplicationService | undefined
  #client: Client | undefined
  #confirmed: bigint
  #isPaused = false
  #isClosed = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #lastReceivedMs = 0

  private constructor(options: FeedOptions) {
    this.#options = options
    this.#confirmed = options.fromLsn
  }

  /** Resolves once the server streams. @throws POSTGRES_SLOT_TAKEN, POSTGRES_UNAVAILABLE, POSTGRES_POOLER … */
  static async start(options: FeedOptions): Promise<ReplicationFeed> {
    const feed = new ReplicationFeed(options)
    try {
      await feed.#start()
      return feed
    } catch (error) {
      await feed.close()
      throw feed.#explained(error)
    }
  }

  async #start(): Promise<void> {
    const { LogicalReplicationService } = await loadReplication()
    const { url, applicationName, slot, fromLsn, clock } = this.#options
    const service = new LogicalReplicationService(connectionOptions(url, applicationName), {
      acknowledge: { auto: false, timeoutSeconds: 0 },
    })
    this.#service = service
    const started = Promise.withResolvers<void>()
    const fail = (error: unknown): void => {
      this.#fail(error)
      started.reject(error)
    }
    service.on('error', fail)
    service.on('start', () => started.resolve())
    service.on('data', (lsn: string, message: Buffer) => this.#received(message, lsn))
    service.on('heartbeat', (lsn, _timestamp, shouldRespond) => this.#keepalive(lsn, shouldRespond))
    const plugin = { options: {}, name: 'pgoutput', parse: (message: Buffer) => message, start: this.#startReplication }
    service
      .subscribe(plugin, slot, formatLsn(fromLsn))
      .then(() => fail(connectError('POSTGRES_UNAVAILABLE', 'the server ended the replication stream', { slot })), fail)
    await started.promise
    this.#lastReceivedMs = clock.now()
    this.#tick()
  }

  readonly #startReplication = async (client: Client, slot: string, lsn: string): Promise<unknown> => {
    this.#client = client
    // Newer servers only warn that a publication is gone, and then leave out what was changed.
    client.on('notice', (notice) => {
      if (isAboutPublication(notice)) this.#fail(Object.assign(new Error(notice.message), { routine: notice.routine }))
    })
    const found = await identifySystem(client)
    const { systemId, timeline } = this.#options.server
    if (found.systemId !== systemId || found.timeline !== timeline) {
      throw connectError('POSTGRES_UNAVAILABLE', 'another server has taken over during the start', { slot })
    }
    await client.query(textSettings)
    const names = this.#options.publications.map(quoteIdentifier).join(',')
    // Always with messages: they count as events of their transactions, whether anyone asks for them or not.
    const options = `proto_version '1', messages 'true', publication_names ${quoteLiteral(names)}`
    return client.query(`START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${lsn} (${options})`)
  }

  #received(message: Buffer, lsn: string): void {
    if (this.#isClosed) return
    this.#lastReceivedMs = this.#options.clock.now()
    this.queue.push(message, lsn)
    if (!this.#isPaused && this.queue.bytes >= this.#options.bufferMaxBytes) {
      this.#isPaused = true
      this.#stream()?.pause()
    }
    this.#wake?.()
  }

  #keepalive(lsn: string, shouldRespond: boolean): void {
    if (this.#isClosed) return
    this.#lastReceivedMs = this.#options.clock.now()
    const [high, low] = lsn.split('/')
    const sent = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
    if (sent > this.serverLsn) this.serverLsn = sent
    // With messages still waiting the keepalive would speak for changes that nobody has read yet; another one follows.
    if (this.queue.length === 0 && sent > this.idleLsn) this.idleLsn = sent
    if (shouldRespond) this.#sendStatus(false)
    this.#wake?.()
  }

  /** Asks the server how far it is; the answer ends a `wait`. */
  askServer(): void {
    this.#sendStatus(true)
  }

  /** Called after messages were taken from the queue. */
  resumeIfDrained(): void {
    if (!this.#isPaused || this.queue.bytes > this.#options.bufferMaxBytes / 2) return
    this.#isPaused = false
    this.#lastReceivedMs = this.#options.clock.now()
    this.#stream()?.resume()
  }

  /** Resolves when messages wait, when the server told how far it is, or after `maxMs`. @throws what ended the stream, once the queue is empty */
  async wait(maxMs: number): Promise<void> {
    if (this.queue.length > 0) return
    if (this.#failure) throw this.#explained(this.#failure)
    if (this.#isClosed) throw connectError('CONNECT_STOPPED', 'the replication stream was closed')
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(maxMs, () => this.#wake?.())
      this.#wake = () => {
        cancel()
        this.#wake = undefined
        resolve()
      }
    })
    if (this.queue.length === 0 && this.#failure) throw this.#explained(this.#failure)
  }

  /** Everything before `lsn` is safe: the server may forget it. */
  confirm(lsn: bigint): void {
    if (lsn <= this.#confirmed) return
    this.#confirmed = lsn
    this.#sendStatus(false)
  }

  /** The stream goes on after a failure is seen only by opening a new feed. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelTimer?.()
    this.#wake?.()
    const stream = this.#stream()
    // A paused socket never reports its end, and the driver waits for that.
    stream?.resume()
    const cancel = this.#options.clock.after(1_000, () => stream?.destroy())
    await this.#service?.destroy().catch(() => {})
    cancel()
    this.queue.clear()
  }

  #tick(): void {
    const { clock, statusIntervalMs, receiveTimeoutMs } = this.#options
    this.#cancelTimer = clock.after(statusIntervalMs, () => {
      if (!this.#isPaused && clock.now() - this.#lastReceivedMs > receiveTimeoutMs) {
        this.#fail(connectError('POSTGRES_UNAVAILABLE', `the server was silent for ${receiveTimeoutMs} ms`))
        return
      }
      // Asking for a reply shows whether the server lives, and how far it is when nothing happens in our tables.
      this.#sendStatus(!this.#isPaused)
      this.#tick()
    })
  }

  #sendStatus(wantReply: boolean): void {
    if (this.#confirmed === 0n) return
    this.#service?.acknowledge(formatLsn(this.#confirmed - 1n), wantReply).catch(() => {})
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#wake?.()
    this.onFailure?.()
  }

  #stream(): { pause(): void; resume(): void; destroy(): void } | undefined {
    // The driver has no public pause; its connection's socket is where back pressure has to act.
    return (this.#client as unknown as { connection?: { stream?: { pause(): void; resume(): void; destroy(): void } } })
      ?.connection?.stream
  }

  #explained(error: unknown): Error {
    const { slot, publications } = this.#options
    const message = error instanceof Error ? error.message : String(error)
    const code = codeOf(error)
    if (isAboutPublication(error)) {
      return connectError('POSTGRES_PUBLICATION_LOST', message, { slot, publication: publications.join(', ') }, error)
    }
    // What else may be missing is the slot: the statement names nothing further.
    if (code === '42704') {
      return connectError('POSTGRES_SLOT_MISSING', message, { slot }, error)
    }
    if (code === '55006') return connectError('POSTGRES_SLOT_TAKEN', message, { slot }, error)
    if (code === '55000') return connectError('POSTGRES_SLOT_LOST', message, { slot }, error)
    return postgresError(error, `reading from replication slot "${slot}"`, { slot })
  }
}

/** PostgreSQL's functions that look for a publication: its messages come in the server's language. */
const publicationRoutines: ReadonlySet<unknown> = new Set([
  'get_publication_oid',
  'GetPublicationByName',
  'LoadPublications',
])

function isAboutPublication(told: unknown): boolean {
  return publicationRoutines.has((told as { routine?: unknown } | null)?.routine)
}
