import { streamsError } from '../../errors.ts'

const all = ['reuse.ktable.source.topics', 'merge.repartition.topics', 'single.store.self.join'] as const

/**
 * - `reuse.ktable.source.topics`: a table that is read from a topic keeps no changelog; its store is restored from the
 *   topic, which must then be compacted;
 * - `merge.repartition.topics`: steps behind one change of keys share a repartition topic, if nothing in between changes
 *   values;
 * - `single.store.self.join`: a stream that is joined with itself keeps its records once.
 */
export type Optimization = (typeof all)[number]

/** @throws STREAMS_TOPOLOGY_INVALID */
export function optimizationsOf(wanted: boolean | readonly Optimization[] | undefined): ReadonlySet<Optimization> {
  if (wanted === undefined || typeof wanted === 'boolean') return new Set(wanted ? all : [])
  const unknown = wanted.filter((name) => !all.includes(name))
  if (unknown.length === 0) return new Set(wanted)
  const message = `there is no optimisation ${unknown.join(', ')}, only ${all.join(', ')}`
  throw streamsError('STREAMS_TOPOLOGY_INVALID', message)
}
