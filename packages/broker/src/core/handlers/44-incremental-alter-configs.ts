import { apis, ErrorCode, type IncrementalAlterConfigsRequest } from '@millrace/protocol'
import { alterResources } from '../config/alter-resources.ts'
import { listElements } from '../config/definition.ts'
import { applyConfig, type ConfigResource } from '../config/resources.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { handler } from '../request.ts'

type Asked = IncrementalAlterConfigsRequest['resources'][number]
type Alteration = Asked['configs'][number]

const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

/** IncrementalAlterConfigs (44), v0 and v1: set, delete, and for lists append and subtract (KIP-339). */
export const incrementalAlterConfigs = handler({
  api: apis.IncrementalAlterConfigs,
  versions: [0, 1],
  kips: [226, 339, 412, 482, 714, 848],
  handle({ resources, validateOnly }, context) {
    return { responses: alterResources(resources, context, (resource, asked) => alter(resource, asked, validateOnly)) }
  },
})

function alter(resource: ConfigResource, { configs }: Asked, validateOnly: boolean): Refusal | undefined {
  if (new Set(configs.map((one) => one.name)).size < configs.length) {
    return refusal(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys')
  }
  const values = new Map(resource.own)
  for (const one of configs) {
    const problem = applyAlteration(resource, values, one)
    if (problem) return problem
  }
  return applyConfig(resource, values, validateOnly)
}

function applyAlteration(
  resource: ConfigResource,
  values: Map<string, string>,
  { name, configOperation, value }: Alteration,
): Refusal | undefined {
  switch (configOperation) {
    case operation.delete:
      values.delete(name)
      return undefined
    case operation.set:
      if (value === null) return nullValue(name)
      values.set(name, value)
      return undefined
    case operation.append:
    case operation.subtract:
      if (value === null) return nullValue(name)
      return applyToList(resource, values, name, configOperation, value)
    default:
      return refusal(ErrorCode.INVALID_REQUEST, `Unknown config operation ${configOperation} for ${name}`)
  }
}

function nullValue(name: string): Refusal {
  return refusal(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${name}`)
}

function applyToList(
  resource: ConfigResource,
  values: Map<string, string>,
  name: string,
  configOperation: number,
  value: string,
): Refusal | undefined {
  const word = configOperation === operation.append ? 'APPEND' : 'SUBTRACT'
  if (resource.incrementalOnly) {
    return refusal(ErrorCode.INVALID_REQUEST, `${word} operation is not allowed for the BROKER_LOGGER resource`)
  }
  const definition = resource.definition(name)
  if (!definition) return refusal(ErrorCode.INVALID_CONFIG, `Unknown config name: ${name}`)
  if (definition.type !== 'list') {
    return refusal(ErrorCode.INVALID_CONFIG, `Can't ${word} to key ${name} because its type is not LIST.`)
  }
  const before = listElements(values.get(name) ?? resource.inherited(name))
  const given = new Set(listElements(value))
  const after =
    configOperation === operation.append
      ? [...new Set([...before, ...given])]
      : before.filter((element) => !given.has(element))
  values.set(name, after.join(','))
  return undefined
}
