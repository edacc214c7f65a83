import { headerConverterPlugins } from '../../src/converters/converters.ts'
import { predicatePlugins, transformPlugins } from '../../src/transforms/plugins.ts'
import type { GoldenCase, GoldenGroup } from './golden-case.ts'

const kafka = 'org.apache.kafka.connect.'

/** The names of every plugin that Kafka Connect has too, with types and defaults. */
const cases = [...headerConverterPlugins, ...transformPlugins, ...predicatePlugins]
  .map(({ classNames }) => classNames[0])
  .filter((name) => name.startsWith(kafka))
  .map((name): GoldenCase => ({ name: name.slice(kafka.length), does: 'configDef', class: name }))

export const configGroup: GoldenGroup = { name: 'configs', cases }
