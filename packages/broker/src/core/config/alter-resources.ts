import { ErrorCode } from '@millrace/protocol'
import { repeated } from '../only-once.ts'
import { type Refusal, refusal } from '../refusal.ts'
import type { RequestContext } from '../request.ts'
import { AclOperation } from '../security/authorization.ts'
import { configDenial } from './config-rights.ts'
import { type ConfigResource, findResource } from './resources.ts'

interface Named {
  readonly resourceType: number
  readonly resourceName: string
}

/**
 * The answer for each resource whose settings a request alters. One that stands there twice is refused: which of the two
 * counts nobody could tell.
 */
export function alterResources<Asked extends Named>(
  resources: readonly Asked[],
  context: RequestContext,
  alter: (resource: ConfigResource, asked: Asked) => Refusal | undefined,
) {
  const twice = repeated(resources.map(key))
  return resources.map((asked) => {
    const { resourceType, resourceName } = asked
    const problem = twice.has(key(asked)) ? namedTwice : alterOne(asked, context, alter)
    return { errorCode: ErrorCode.NONE, ...problem, resourceType, resourceName }
  })
}

const namedTwice = refusal(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')

function key({ resourceType, resourceName }: Named): string {
  return `${resourceType} ${resourceName}`
}

function alterOne<Asked extends Named>(
  asked: Asked,
  context: RequestContext,
  alter: (resource: ConfigResource, asked: Asked) => Refusal | undefined,
): Refusal | undefined {
  const denied = configDenial(context, AclOperation.ALTER_CONFIGS, asked.resourceType, asked.resourceName)
  const resource = denied ?? findResource(context.core, asked.resourceType, asked.resourceName)
  return 'errorCode' in resource ? resource : alter(resource, asked)
}
