import { atLeast, type ConfigDefinition } from './definition.ts'

/** A group's setting, the broker's setting that gives its default, and bounds beyond the plain range of numbers. */
export interface GroupConfigDefinition extends ConfigDefinition {
  readonly brokerName: string
  /** Names of broker settings, or their fixed values while nothing here goes by them. */
  readonly bounds?: { readonly min?: string | number; readonly max?: string | number }
}

const later = 'Accepted and kept; groups of this type are not served yet.'

function define(
  name: string,
  type: ConfigDefinition['type'],
  defaultValue: string,
  documentation: string,
  more: Partial<GroupConfigDefinition> = {},
): GroupConfigDefinition {
  return { name, brokerName: `group.${name}`, type, defaultValue, documentation, ...more }
}

function number(
  name: string,
  defaultValue: number,
  documentation: string,
  min: number,
  bounds: NonNullable<GroupConfigDefinition['bounds']> = {},
): GroupConfigDefinition {
  return define(name, 'int', String(defaultValue), documentation, { ...atLeast(min), bounds })
}

const ofBroker = (stem: string, unit: string): { min: string; max: string } => ({
  min: `group.consumer.min.${stem}.${unit}`,
  max: `group.consumer.max.${stem}.${unit}`,
})

/** What Kafka 4.3 lists for a group (KIP-848, KIP-932, KIP-1071). */
export const groupConfigDefinitions: readonly GroupConfigDefinition[] = [
  number(
    'consumer.assignment.interval.ms',
    1000,
    'Pause between two assignments; here each change is assigned at once.',
    0,
    ofBroker('assignment.interval', 'ms'),
  ),
  number(
    'consumer.heartbeat.interval.ms',
    5000,
    'How often members are told to send heartbeats.',
    1,
    ofBroker('heartbeat.interval', 'ms'),
  ),
  number(
    'consumer.session.timeout.ms',
    45_000,
    'Silence after which a member is taken for dead.',
    1,
    ofBroker('session.timeout', 'ms'),
  ),
  number('share.assignment.interval.ms', 1000, later, 0, { min: 0, max: 15_000 }),
  define('share.auto.offset.reset', 'string', 'latest', later, { brokerName: 'share.auto.offset.reset' }),
  number('share.delivery.count.limit', 5, later, 2, { min: 2, max: 10 }),
  number('share.heartbeat.interval.ms', 5000, later, 1, { min: 5000, max: 15_000 }),
  define('share.isolation.level', 'string', 'read_uncommitted', later, {
    brokerName: 'share.isolation.level',
    oneOf: ['read_committed', 'read_uncommitted'],
  }),
  number('share.partition.max.record.locks', 2000, later, 100, { min: 100, max: 4000 }),
  number('share.record.lock.duration.ms', 30_000, later, 1000, { min: 15_000, max: 60_000 }),
  define('share.renew.acknowledge.enable', 'boolean', 'true', later, { brokerName: 'share.renew.acknowledge.enable' }),
  number('share.session.timeout.ms', 45_000, later, 1, { min: 45_000, max: 60_000 }),
  number('streams.assignment.interval.ms', 1000, later, 0, { min: 0, max: 15_000 }),
  number('streams.heartbeat.interval.ms', 5000, later, 1, { min: 5000, max: 15_000 }),
  number('streams.initial.rebalance.delay.ms', 3000, later, 0),
  number('streams.num.standby.replicas', 0, later, 0, { max: 2 }),
  number('streams.session.timeout.ms', 45_000, later, 1, { min: 45_000, max: 60_000 }),
]

const byName = new Map(groupConfigDefinitions.map((definition) => [definition.name, definition]))

export function groupConfigDefinition(name: string): GroupConfigDefinition | undefined {
  return byName.get(name)
}
