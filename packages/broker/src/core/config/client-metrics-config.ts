import { ErrorCode } from '@millrace/protocol'
import { type Refusal, refusal } from '../refusal.ts'
import { type ConfigDefinition, invalidValue, listElements } from './definition.ts'

const minIntervalMs = 100
const maxIntervalMs = 3_600_000

/** What a client metrics subscription says (KIP-714). */
export const clientMetricsConfigDefinitions: readonly ConfigDefinition[] = [
  {
    name: 'interval.ms',
    type: 'int',
    defaultValue: '300000',
    documentation: 'How often clients push; kept, nothing is collected yet.',
  },
  { name: 'match', type: 'list', defaultValue: '', documentation: 'Which clients: attribute=expression, …' },
  { name: 'metrics', type: 'list', defaultValue: '', documentation: 'Which metrics, by the beginning of their names.' },
]

const attributes: ReadonlySet<string> = new Set([
  'client_id',
  'client_instance_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
])

/** What is wrong with a subscription; undefined when nothing is. */
export function clientMetricsProblem(values: ReadonlyMap<string, string>): Refusal | undefined {
  for (const [name, value] of values) {
    const definition = clientMetricsConfigDefinitions.find((one) => one.name === name)
    if (!definition) return refusal(ErrorCode.INVALID_REQUEST, `Unknown client metrics configuration: ${name}`)
    const problem = invalidValue(definition, value)
    if (problem) return refusal(ErrorCode.INVALID_CONFIG, problem)
    if (name === 'interval.ms' && (Number(value) < minIntervalMs || Number(value) > maxIntervalMs)) {
      const message = `Invalid value ${value} for interval.ms: it must lie between ${minIntervalMs} and ${maxIntervalMs}`
      return refusal(ErrorCode.INVALID_REQUEST, message)
    }
    const illegal = name === 'match' ? listElements(value).find((one) => !isPattern(one)) : undefined
    if (illegal !== undefined) {
      return refusal(ErrorCode.INVALID_CONFIG, `Illegal client matching pattern: ${illegal}`)
    }
  }
  return undefined
}

function isPattern(text: string): boolean {
  const at = text.indexOf('=')
  if (at < 0 || !attributes.has(text.slice(0, at).trim())) return false
  try {
    new RegExp(text.slice(at + 1).trim())
    return true
  } catch {
    return false
  }
}
