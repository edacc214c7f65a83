import { crc32c } from '@millrace/protocol'
import { brokerError } from '../../errors.ts'
import type { ClientMetricsRecord, GroupConfigRecord } from '../config/resource-configs.ts'
import type { FeatureRecord } from '../features.ts'
import type { AclsRecord } from '../security/acls/acl-store.ts'
import type { ScramCredentialRecord, ScramDecoyRecord } from '../security/scram-credentials.ts'
import type { BrokerStorage, StorageFile } from '../storage/storage.ts'

/** Partitions from this one on were created in that start of the broker. */
export type Birth = readonly [firstPartition: number, start: number]

/** One change of what the broker knows about topics, settings and ids. Unknown kinds are refused as a newer format. */
export type MetadataRecord =
  | { readonly kind: 'cluster'; readonly clusterId: string }
  | {
      readonly kind: 'topic'
      readonly name: string
      readonly id: string
      readonly partitions: number
      readonly config: Readonly<Record<string, string>>
      /** From which partition on and in which start of the broker partitions were created; leader epochs count from there. */
      readonly births?: readonly Birth[]
      readonly mirror?: boolean
    }
  | { readonly kind: 'start'; readonly number: number }
  | { readonly kind: 'topicDeleted'; readonly id: string }
  | { readonly kind: 'logStart'; readonly id: string; readonly partition: number; readonly offset: number }
  | { readonly kind: 'brokerConfig'; readonly name: string; readonly value: string | null }
  | { readonly kind: 'brokerDefaultConfig'; readonly name: string; readonly value: string | null }
  | GroupConfigRecord
  | ClientMetricsRecord
  | FeatureRecord
  | { readonly kind: 'producerIds'; readonly next: number }
  | ScramCredentialRecord
  | ScramDecoyRecord
  | AclsRecord

/** All kinds there are; without one that the type has, this does not compile. */
const kinds: Readonly<Record<MetadataRecord['kind'], true>> = {
  cluster: true,
  topic: true,
  start: true,
  topicDeleted: true,
  logStart: true,
  brokerConfig: true,
  brokerDefaultConfig: true,
  groupConfig: true,
  clientMetrics: true,
  feature: true,
  producerIds: true,
  scramCredential: true,
  scramDecoy: true,
  acls: true,
}

const path = 'metadata/journal.log'
const frameBytes = 8
const maxRecordBytes = 16 * 1024 * 1024
/** The journal is written anew once it is this much longer than what it says. */
const rewriteAboveBytes = 1024 * 1024

/**
 * Append-only list of metadata changes: length, CRC-32C, JSON. A torn tail is cut; what is obsolete goes when the journal
 * is written anew. Changing one of ten thousand topics costs one record.
 */
export class MetadataJournal {
  readonly #storage: BrokerStorage
  readonly #synced: boolean
  readonly #current: () => Iterable<MetadataRecord>
  #file: StorageFile
  /** Bytes of whole records; behind them may be what a failed append left. */
  #size = 0
  #rewriteAt = rewriteAboveBytes
  /** Records read and appended since the start; a rewrite does not take it back. */
  recordCount = 0

  /** `current` gives the records that alone describe the present state; `synced` waits for the device at every record. */
  constructor(storage: BrokerStorage, synced: boolean, current: () => Iterable<MetadataRecord>) {
    this.#storage = storage
    this.#synced = synced
    this.#current = current
    this.#file = storage.open(path)
  }

  /**
   * Reads every whole record; a torn tail is cut with the next append. Throws BROKER_FORMAT_TOO_NEW for a kind of record that a later version has,
   * and BROKER_DATA_DAMAGED when whole records follow the damage: cut
   * there, the topics they name would be unknown, and the start would delete their logs as those of deleted topics.
   */
  load(): MetadataRecord[] {
    const bytes = this.#storage.readFile(path) ?? Buffer.alloc(0)
    const records: MetadataRecord[] = []
    let at = 0
    for (let body = bodyAt(bytes, at); body; body = bodyAt(bytes, at)) {
      records.push(knownRecord(JSON.parse(body.toString('utf8')) as MetadataRecord))
      at += frameBytes + body.length
    }
    if (hasRecordBehind(bytes, at)) {
      throw brokerError('BROKER_DATA_DAMAGED', `${path} is damaged at byte ${at}`, { path, position: at })
    }
    this.#size = at
    this.recordCount = records.length
    this.#rewriteAt = Math.max(rewriteAboveBytes, at * 2)
    return records
  }

  /** Makes changes durable as the policy says before it returns. Throws BROKER_STORAGE_FAILED; nothing is recorded then. */
  append(...records: MetadataRecord[]): void {
    const bytes = Buffer.concat(records.map(frame))
    try {
      if (this.#file.size !== this.#size) this.#file.truncate(this.#size)
      this.#file.append(bytes)
      if (this.#synced) this.#file.syncNow()
      this.#size += bytes.length
      this.recordCount += records.length
    } catch (error) {
      this.#cutBack()
      throw brokerError(
        'BROKER_STORAGE_FAILED',
        `the metadata journal cannot be written: ${(error as Error).message}`,
        { path },
        error,
      )
    }
  }

  /** Call after the change is applied: writes the journal anew when most of it is obsolete. */
  compactWhenLong(): void {
    if (this.#size < this.#rewriteAt) return
    const bytes = Buffer.concat([...this.#current()].map(frame))
    this.#rewriteAt = Math.max(rewriteAboveBytes, bytes.length * 2)
    try {
      this.#file.close()
      this.#storage.replaceFile(path, bytes)
      this.#file = this.#storage.open(path)
      this.#size = bytes.length
    } catch {
      // The long journal says the same; the next change tries again.
      this.#file = this.#storage.open(path)
    }
  }

  /** Lets the device have what is there, without waiting for it. */
  syncSoon(): void {
    this.#file.sync(() => {
      // A power loss may take it then, as it may take anything else under `write`.
    })
  }

  flush(): void {
    if (this.#file.size > 0) this.#file.syncNow()
  }

  #cutBack(): void {
    try {
      this.#file.truncate(this.#size)
    } catch {
      // The next append or start cuts it; the error that brought us here is the one to report.
    }
  }
}

function knownRecord(record: MetadataRecord): MetadataRecord {
  if (Object.hasOwn(kinds, record.kind)) return record
  const message = `${path} has a record of kind ${String(record.kind)}, which a later version has written`
  throw brokerError('BROKER_FORMAT_TOO_NEW', message, { path, kind: record.kind })
}

/** The record that begins at a position; undefined when none does. */
function bodyAt(bytes: Buffer, at: number): Buffer | undefined {
  if (bytes.length - at < frameBytes) return undefined
  const length = bytes.readUInt32BE(at)
  if (length > maxRecordBytes || length > bytes.length - at - frameBytes) return undefined
  const body = bytes.subarray(at + frameBytes, at + frameBytes + length)
  return crc32c(body) === bytes.readUInt32BE(at + 4) ? body : undefined
}

const bodyBegins = '{"kind":"'

/** Whether a whole record begins anywhere behind a position where none does. */
function hasRecordBehind(bytes: Buffer, position: number): boolean {
  for (let body = bytes.indexOf(bodyBegins, position); body >= 0; body = bytes.indexOf(bodyBegins, body + 1)) {
    if (body - frameBytes > position && bodyAt(bytes, body - frameBytes)) return true
  }
  return false
}

function frame(record: MetadataRecord): Buffer {
  const body = Buffer.from(JSON.stringify(record), 'utf8')
  const bytes = Buffer.allocUnsafe(frameBytes + body.length)
  bytes.writeUInt32BE(body.length, 0)
  bytes.writeUInt32BE(crc32c(body), 4)
  body.copy(bytes, frameBytes)
  return bytes
}
