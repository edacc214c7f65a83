import { type AlterConfigsRequest, apis, ErrorCode } from '@millrace/protocol'
import { alterResources } from '../config/alter-resources.ts'
import { applyConfig, type ConfigResource } from '../config/resources.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { handler } from '../request.ts'

type Asked = AlterConfigsRequest['resources'][number]

/** AlterConfigs (33), v0 to v2: replaces all of a resource's settings; what is not named falls back to its default. */
export const alterConfigs = handler({
  api: apis.AlterConfigs,
  versions: [0, 2],
  kips: [133, 226, 482, 714, 848],
  handle({ resources, validateOnly }, context) {
    return {
      responses: alterResources(resources, context, (resource, asked) => replace(resource, asked, validateOnly)),
    }
  },
})

function replace(
  resource: ConfigResource,
  { resourceType, configs }: Asked,
  validateOnly: boolean,
): Refusal | undefined {
  if (resource.incrementalOnly) return refusal(ErrorCode.INVALID_REQUEST, `Unknown resource type ${resourceType}`)
  const empty = configs.find((config) => config.value === null)
  if (empty) return refusal(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${empty.name}`)
  return applyConfig(resource, new Map(configs.map(({ name, value }) => [name, value!])), validateOnly)
}
