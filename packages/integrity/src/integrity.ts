import { baseError, checkOptions } from '@millrace/base/internal'
import { type AnyTopicContract, type KeyOf, serdes, type TopicContract, topic, type ValueOf } from '@millrace/contracts'
import { type KStream, type Topology, topology } from '@millrace/streams'
import { followParents, followReferences } from './follow.ts'
import { type Finding, keeper } from './keeper.ts'
import type { Signal } from './signals.ts'
import type { AuditReport, OnDelete, Violation, ViolationKey } from './violation.ts'

type Topics = Readonly<Record<string, AnyTopicContract>>
type FieldsOf<V> = V extends object ? Extract<keyof V, string> : never
/** `topic.field` for every field of every topic. */
type Fields<T extends Topics> = {
  [Name in Extract<keyof T, string>]: `${Name}.${FieldsOf<ValueOf<T[Name]>>}`
}[Extract<keyof T, string>]
/** As `Fields`, and `topic.key` for the key of its records. */
type Referable<T extends Topics> = Fields<T> | `${Extract<keyof T, string>}.key`
type TopicNamed<T extends Topics, Path> = Path extends `${infer Name}.${string}`
  ? Name extends keyof T
    ? T[Name]
    : never
  : never

export interface IntegrityOptions<T extends Topics, From extends Fields<T>> {
  /** The topics under the names that `from` and `to` use. */
  readonly topics: T
  /** The field that refers, as `orders.customerId`. A record without it, or with null in it, refers to nothing. */
  readonly from: From
  /** What it refers to: `customers.key`, the key of the topic's records, or a field that is unique among them. */
  readonly to: Referable<T>
  /** What becomes of records that refer to one which is deleted. */
  readonly onDelete: OnDelete
  /** Which records refer at all: a cancelled order may outlive its customer. Default: all. */
  readonly where?: (value: ValueOf<TopicNamed<T, From>>) => boolean
  /** Name of the application and the beginning of the names of its topics. Default `integrity-<topic>-<field>`. */
  readonly name?: string
  /**
   * References to what nobody has ever seen: `report` them, or treat them as if it had been deleted. Default `report`.
   */
  readonly onMissing?: 'report' | 'repair'
  /**
   * With `cascade`: `topic` writes the tombstone of each record that has to follow into its topic, for topics that no
   * database stands behind. By default nothing is written there: the service that owns the records reads `violations`.
   */
  readonly repair?: 'owner' | 'topic'
  /**
   * How long what is referred to may come after the reference. A field that is referred to counts as gone only when no record
   * has taken its value for so long. Default 10 000.
   */
  readonly graceMs?: number
  /** How often all references are looked at. Default 60 000. */
  readonly auditIntervalMs?: number
  /** How long a deleted record is remembered as deleted rather than as never seen. Default 30 days. */
  readonly deletedRetentionMs?: number
}

/** A declared reference between two topics. */
export interface Integrity<Child = unknown> {
  readonly name: string
  /** The streams application that watches over it: `export default orders.topology`. */
  readonly topology: () => Topology
  /** References that lead nowhere, and tombstones where they are healed; compacted. */
  readonly violations: TopicContract<ViolationKey<Child>, Violation<Child>>
  /** The latest audit of each task. */
  readonly audits: TopicContract<string, AuditReport>
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * Declares that records of one topic refer to records of another, whichever services own them. The application that it
 * makes follows the events of both, tells of every reference that leads nowhere, and looks at all references again and
 * again, so that also what was lost on the way is found.
 *
 * @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION, CONFIG_MISSING_OPTION
 * @example
 * export const ordersOfCustomers = integrity({
 *   topics: { orders: order, customers: customer },
 *   from: 'orders.customerId',
 *   to: 'customers.key',
 *   onDelete: 'cascade',
 * })
 * // In the service that owns the orders:
 * await consume(ordersOfCustomers.violations, async ({ value }, { tx }) => {
 *   if (value?.action === 'cascade') await tx.query('delete from orders where id = $1', [value.child])
 * }, { brokers, groupId: 'orders-of-customers', inbox: pool })
 */
export function integrity<const T extends Topics, const From extends Fields<T>>(
  options: IntegrityOptions<T, From>,
): Integrity<KeyOf<TopicNamed<T, From>>> {
  const from = resolve(options.topics, options.from, 'from')
  const to = resolve(options.topics, options.to, 'to')
  checkIntegrityOptions(options)
  const { name = `integrity-${options.from.replace('.', '-')}` } = options
  const { partitions } = from.contract
  const shared = { ...(partitions !== undefined && { partitions }), config: { 'cleanup.policy': 'compact' } }
  const violations = topic(`${name}-violations`, {
    key: serdes.json<ViolationKey>(),
    value: serdes.json<Violation>(),
    ...shared,
  })
  const audits = topic(`${name}-audits`, {
    key: serdes.string,
    value: serdes.json<AuditReport>(),
    ...shared,
    partitions: 1,
  })
  return {
    name,
    violations: violations as unknown as Integrity<KeyOf<TopicNamed<T, From>>>['violations'],
    audits,
    topology: () => watch({ name, from, to, options, violations, audits }),
  }
}

interface End {
  readonly contract: AnyTopicContract
  /** Undefined for the key of the records. */
  readonly field: string | undefined
}

function resolve(topics: Topics, path: string, option: 'from' | 'to'): End {
  const [alias = '', field = '', ...rest] = String(path).split('.')
  const contract = topics?.[alias]
  const isKey = field === 'key' && option === 'to'
  if (contract && field !== '' && rest.length === 0) return { contract, field: isKey ? undefined : field }
  const known = Object.keys(topics ?? {}).join(', ')
  const message = `integrity: \`${option}\` is "${path}", which is no <topic>.<field> of ${known}`
  throw baseError('CONFIG_INVALID_OPTION', message, { option })
}

function checkIntegrityOptions(options: { readonly [Name in keyof IntegrityOptions<Topics, never>]?: unknown }): void {
  const duration = { min: 0 }
  checkOptions(
    'integrity',
    options,
    {
      topics: 'object',
      from: 'string',
      to: 'string',
      onDelete: { oneOf: ['cascade', 'restrict', 'report'] },
      where: 'function',
      name: 'string',
      onMissing: { oneOf: ['report', 'repair'] },
      repair: { oneOf: ['owner', 'topic'] },
      graceMs: duration,
      auditIntervalMs: { min: 1 },
      deletedRetentionMs: duration,
    },
    { required: ['topics', 'from', 'to', 'onDelete'] },
  )
}

type WatchOptions = Pick<
  IntegrityOptions<Topics, never>,
  'onDelete' | 'onMissing' | 'repair' | 'graceMs' | 'auditIntervalMs' | 'deletedRetentionMs'
> & { readonly where?: (value: never) => boolean }

interface Watch {
  readonly name: string
  readonly from: End
  readonly to: End
  readonly options: WatchOptions
  readonly violations: TopicContract<ViolationKey, Violation>
  readonly audits: TopicContract<string, AuditReport>
}

/** Both topics become signals under the value that is referred to, and meet in the task that keeps that value. */
function watch({ name, from, to, options, violations, audits }: Watch): Topology {
  const app = topology(name)
  const signals = { key: serdes.string, value: serdes.json<Signal>() }
  const children: KStream<unknown, unknown> = app.stream(from.contract as TopicContract<unknown, unknown>, {
    tombstones: true,
  })
  const parents: KStream<unknown, unknown> =
    from.contract === to.contract
      ? children
      : app.stream(to.contract as TopicContract<unknown, unknown>, { tombstones: true })
  const references = children.process(followReferences(from.field!, options.where), { name: 'references', ...signals })
  const findings = references
    .merge(parents.process(followParents(to.field), { name: 'parents', ...signals }), { name: 'signals' })
    .repartition({
      name: 'by-reference',
      ...signals,
      ...(from.contract.partitions !== undefined && { partitions: from.contract.partitions }),
    })
    .process(
      keeper({
        onDelete: options.onDelete,
        repairsMissing: options.onMissing === 'repair',
        graceMs: options.graceMs ?? 10_000,
        auditIntervalMs: options.auditIntervalMs ?? 60_000,
        deletedRetentionMs: options.deletedRetentionMs ?? 30 * dayMs,
        isByField: to.field !== undefined,
      }),
      { name: 'keeper', key: serdes.string, value: serdes.json<Finding>() },
    )
  const { found, audited } = findings.split(
    { found: (finding) => finding.kind === 'violation', audited: 'otherwise' },
    { name: 'findings' },
  )
  const told = found.map((finding) => violationOf(finding), { name: 'violation', key: violations.key as never })
  told.to(violations as never)
  audited.map((finding) => auditOf(finding), { name: 'audit', key: serdes.string }).to(audits)
  if (options.onDelete === 'cascade' && options.repair === 'topic') {
    told
      .filter((violation) => violation?.action === 'cascade', { name: 'to-follow' })
      .map((_, { child }) => [child, null] as const, { name: 'tombstone', key: from.contract.key as never })
      .to(from.contract as never)
  }
  return app
}

function violationOf(finding: Finding): readonly [ViolationKey, Violation | null] {
  if (finding.kind !== 'violation') throw new TypeError('not a violation')
  return [finding.key, finding.violation]
}

function auditOf(finding: Finding): readonly [string, AuditReport] {
  if (finding.kind !== 'audit') throw new TypeError('not an audit')
  return [finding.task, finding.report]
}
