import { adminKeys, consumerKeys, producerKeys } from '../../packages/streams/src/runtime/kafka-config/client-keys.ts'
import type { ConfigRule, ConfigTable } from '../../packages/streams/src/runtime/kafka-config/config-rule.ts'
import { streamsKeys } from '../../packages/streams/src/runtime/kafka-config/streams-keys.ts'

/** `docs/reference/streams-config.md`: what becomes of each setting of Kafka Streams, from the tables that are read. */
export function streamsConfigPage(): string {
  return `# Settings under Kafka Streams' names

\`startStreams({ config: { 'commit.interval.ms': 100 } })\` takes the settings of Kafka Streams 4.3 under their own names, and
\`app('./spend.ts', { config: { … } })\` does so in a configuration. Options of ours that stand beside it win. A setting becomes an
option, is taken without effect for the reason given, or is refused (\`STREAMS_CONFIG_UNSUPPORTED\`) where leaving it out in silence
would change results or safety. One that nobody knows is warned of. \`kafkaStreamsConfig({ … })\` fills in Kafka Streams' defaults
where ours differ. This page is generated from the code by \`npm run generate\`.

Settings of clients may have a prefix: \`consumer.\`, \`main.consumer.\`, \`restore.consumer.\`, \`global.consumer.\`, \`producer.\`, \`admin.\`. What
is said of the main consumer stands above what is said of consumers, and that above what has no prefix; one client serves
them all. Restoring reads with the settings of the client whatever \`restore.consumer.\` and \`global.consumer.\` say. \`topic.\` with
a setting of topics is for all internal topics. \`ssl.*\` and \`sasl.*\` are refused: give \`security: { tls, sasl }\`, or a \`client\` that logs in.

## Streams

${table(streamsKeys)}

## Consumers

${table(consumerKeys)}

## Producers

${table(producerKeys)}

## Administration

${table(adminKeys)}
`
}

function table(keys: ConfigTable): string {
  const rows = Object.entries(keys)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, rule]) => `| \`${key}\` | ${fallback(rule)} | ${effect(rule)} |`)
  return `| Setting | Default in Kafka | Here |\n|---|---|---|\n${rows.join('\n')}`
}

function fallback(rule: ConfigRule): string {
  if (rule.default === undefined) return 'required'
  return rule.default === null || rule.default === '' ? '' : `\`${rule.default.replaceAll(',', ', ')}\``
}

function effect(rule: ConfigRule): string {
  if ('noEffect' in rule) return `No effect. ${rule.noEffect}`
  if ('only' in rule) {
    const values = rule.only.map((value) => (value === null || value === '' ? 'nothing' : `\`${value}\``))
    return `Refused unless ${values.join(' or ')}. ${rule.because}`
  }
  const choices =
    rule.choices === undefined
      ? ''
      : ` (${Object.keys(rule.choices)
          .map((name) => `\`${name}\``)
          .join(', ')})`
  const own = rule.defaultHere === undefined ? '' : `; default ${rule.defaultHere}`
  return `\`${rule.option}\`${choices}${own}`
}
