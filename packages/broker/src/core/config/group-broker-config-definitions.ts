import { atLeast, type ConfigDefinition, define, defineFixed } from './definition.ts'

const least = 'The least that a group may set for itself.'
const most = 'The most that a group may set for itself.'

/** What the consumer groups of KIP-848 go by where a group has no setting of its own. */
export const groupBrokerConfigDefinitions: readonly ConfigDefinition[] = [
  define(
    'group.consumer.assignment.interval.ms',
    'int',
    '1000',
    'Accepted; each change is assigned at once.',
    atLeast(0),
  ),
  defineFixed('group.consumer.min.assignment.interval.ms', 'int', '0', least, atLeast(0)),
  defineFixed('group.consumer.max.assignment.interval.ms', 'int', '15000', most, atLeast(0)),
  defineFixed(
    'group.consumer.assignors',
    'list',
    'uniform,range',
    'Assignors that members may ask for; the first is taken when none does.',
    { oneOf: ['uniform', 'range'] },
  ),
  defineFixed(
    'group.consumer.heartbeat.interval.ms',
    'int',
    '5000',
    'How often members are told to send heartbeats.',
    atLeast(1),
  ),
  defineFixed('group.consumer.min.heartbeat.interval.ms', 'int', '5000', least, atLeast(1)),
  defineFixed('group.consumer.max.heartbeat.interval.ms', 'int', '15000', most, atLeast(1)),
  defineFixed('group.consumer.max.size', 'int', '2147483647', 'Most members of a consumer group.', atLeast(1)),
  defineFixed(
    'group.consumer.migration.policy',
    'string',
    'bidirectional',
    'Whether groups with members may change between the classic and the consumer protocol.',
    { oneOf: ['bidirectional', 'upgrade', 'downgrade', 'disabled'] },
  ),
  defineFixed(
    'group.consumer.regex.refresh.interval.ms',
    'int',
    '600000',
    'Age after which regular expressions are resolved anew though no topic has come or gone.',
    atLeast(10_000),
  ),
  defineFixed(
    'group.consumer.session.timeout.ms',
    'int',
    '45000',
    'Silence after which a member is taken for dead.',
    atLeast(1),
  ),
  defineFixed('group.consumer.min.session.timeout.ms', 'int', '45000', least, atLeast(1)),
  defineFixed('group.consumer.max.session.timeout.ms', 'int', '60000', most, atLeast(1)),
  defineFixed(
    'group.coordinator.rebalance.protocols',
    'list',
    'classic,consumer',
    'Protocols that groups may use (Kafka: share and streams too, which are not served yet).',
    { oneOf: ['classic', 'consumer'] },
  ),
]
