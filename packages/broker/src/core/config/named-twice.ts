import { ErrorCode } from '@millrace/protocol'
import { repeated } from '../only-once.ts'
import { type Refusal, refusal } from '../topics/check-topic.ts'

interface Named {
  readonly resourceType: number
  readonly resourceName: string
}

/** Says of each resource of a request whether it stands there more than once: which of the two counts nobody could tell. */
export function resourcesNamedTwice(resources: readonly Named[]): (resource: Named) => Refusal | undefined {
  const twice = repeated(resources.map(key))
  return (resource) =>
    twice.has(key(resource)) ? refusal(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.') : undefined
}

function key({ resourceType, resourceName }: Named): string {
  return `${resourceType} ${resourceName}`
}
