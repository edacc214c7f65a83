import type { ConfigDefinition } from './definition.ts'

function times(stem: string, values: readonly [string, string, string], what: string): ConfigDefinition[] {
  const [value, min, max] = values
  const range: [number, number] = [stem.startsWith('assignment') ? 0 : 1, Number.POSITIVE_INFINITY]
  const fixed = stem.startsWith('assignment') ? {} : { fixed: true }
  return [
    { name: `group.consumer.${stem}`, type: 'int', defaultValue: value, documentation: what, range, ...fixed },
    {
      name: `group.consumer.min.${stem}`,
      type: 'int',
      defaultValue: min,
      documentation: 'The least that a group may set for itself.',
      range,
      fixed: true,
    },
    {
      name: `group.consumer.max.${stem}`,
      type: 'int',
      defaultValue: max,
      documentation: 'The most that a group may set for itself.',
      range,
      fixed: true,
    },
  ]
}

/** What the consumer groups of KIP-848 go by where a group has no setting of its own. */
export const groupBrokerConfigDefinitions: readonly ConfigDefinition[] = [
  {
    name: 'group.consumer.assignors',
    type: 'list',
    defaultValue: 'uniform,range',
    documentation: 'Assignors that members may ask for; the first is taken when none does.',
    oneOf: ['uniform', 'range'],
    fixed: true,
  },
  {
    name: 'group.consumer.max.size',
    type: 'int',
    defaultValue: '2147483647',
    documentation: 'Most members of a consumer group.',
    range: [1, Number.POSITIVE_INFINITY],
    fixed: true,
  },
  {
    name: 'group.consumer.migration.policy',
    type: 'string',
    defaultValue: 'bidirectional',
    documentation: 'Whether groups with members may change between the classic and the consumer protocol.',
    oneOf: ['bidirectional', 'upgrade', 'downgrade', 'disabled'],
    fixed: true,
  },
  {
    name: 'group.consumer.regex.refresh.interval.ms',
    type: 'int',
    defaultValue: '600000',
    documentation: 'Age after which regular expressions are resolved anew though no topic has come or gone.',
    range: [10_000, Number.POSITIVE_INFINITY],
    fixed: true,
  },
  {
    name: 'group.coordinator.rebalance.protocols',
    type: 'list',
    defaultValue: 'classic,consumer',
    documentation: 'Protocols that groups may use (Kafka: share and streams too, which are not served yet).',
    oneOf: ['classic', 'consumer'],
    fixed: true,
  },
  ...times('assignment.interval.ms', ['1000', '0', '15000'], 'Accepted; each change is assigned at once.'),
  ...times('heartbeat.interval.ms', ['5000', '5000', '15000'], 'How often members are told to send heartbeats.'),
  ...times('session.timeout.ms', ['45000', '45000', '60000'], 'Silence after which a member is taken for dead.'),
]
