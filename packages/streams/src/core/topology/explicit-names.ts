import { streamsError } from '../../errors.ts'
import type { TopologyPlan } from './plan.ts'

/**
 * Refuses a plan in which internal topics or stores have names made from positions (KIP-1111): those change with the
 * program, and state is lost with them.
 *
 * @throws STREAMS_NAMES_MISSING
 */
export function requireExplicitNames(plan: TopologyPlan, generated: ReadonlySet<string>): void {
  const isGenerated = (name: string): boolean => {
    const prefix = /^.*?-[0-9]{10}(?=-|$)/.exec(name)?.[0]
    return prefix !== undefined && generated.has(prefix)
  }
  const internalPrefix = `${plan.applicationId}-`.length
  const repartitions = plan.internalTopics.filter(
    ({ kind, name }) => kind === 'repartition' && isGenerated(name.slice(internalPrefix)),
  )
  const stores = [...plan.stores.values()].filter(({ name }) => isGenerated(name))
  const listed = [
    { what: 'repartition topics', names: repartitions.map(({ name }) => name) },
    { what: 'state stores', names: stores.map(({ name }) => name) },
    { what: 'changelog topics', names: stores.flatMap(({ changelogTopic }) => changelogTopic ?? []) },
  ]
    .filter(({ names }) => names.length > 0)
    .map(({ what, names }) => `${what} ${names.join(', ')}`)
  if (listed.length === 0) return
  const message = `${plan.applicationId} has internal resources without a name of their own: ${listed.join('; ')}`
  throw streamsError('STREAMS_NAMES_MISSING', message, { application: plan.applicationId })
}
