import { GlobalTable } from '../../src/core/dsl/global-table.ts'
import { Stream } from '../../src/core/dsl/stream.ts'
import { Table } from '../../src/core/dsl/table.ts'
import { type Topology, topology } from '../../src/index.ts'
import type { Scenario } from './scenario.ts'

const names: Readonly<Record<string, string>> = {
  GroupedStream: 'aggregation',
  GroupedTable: 'regrouped table',
  CogroupedStream: 'cogroup',
}
const aggregations = new Set(['count', 'reduce', 'aggregate'])
const joins = new Set(['join', 'leftJoin', 'outerJoin'])

/** The steps that a program is made of, by names that tell apart what is another operator. */
export function stepsOf(scenario: Scenario): ReadonlySet<string> {
  const steps = new Set<string>()
  const targets = new WeakMap<object, object>()
  const plain = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (targets.get(value) ?? value) : value

  function recorded(target: unknown, windowed?: string): unknown {
    if (typeof target !== 'object' || target === null || Array.isArray(target)) return target
    const proxy: object = new Proxy(target, {
      get(_target, name) {
        const member = (target as Record<string | symbol, unknown>)[name]
        if (typeof member !== 'function') return recorded(member, windowed)
        return (...args: unknown[]) => {
          const given = args.map(plain)
          const step = stepName(target, String(name), given, windowed)
          if (step !== undefined) steps.add(step)
          const result = member.apply(target, given) as unknown
          return recorded(result, name === 'window' ? windowName(target, given) : undefined)
        }
      },
    })
    targets.set(proxy, target)
    return proxy
  }

  scenario.build(recorded(topology('recorded', scenario.topology)) as Topology)
  return steps
}

/** undefined for what is no step of its own: groupings, sources. */
function stepName(target: object, method: string, args: readonly unknown[], windowed?: string): string | undefined {
  const kind = target.constructor.name
  if (joins.has(method)) return `${joined(target, args)}, ${method}`
  if (aggregations.has(method)) return windowed ?? names[kind]
  if (target instanceof Stream) return `stream.${method}`
  if (target instanceof Table) {
    if (method !== 'suppress') return `table.${method}`
    return (args[0] as { until: string }).until === 'windowCloses' ? 'final results' : 'time limit'
  }
  return undefined
}

function joined(target: object, [other, _joiner, options]: readonly unknown[]): string {
  const given = (options ?? {}) as { readonly foreignKey?: unknown; readonly graceMs?: number }
  if (target instanceof Table) return given.foreignKey === undefined ? 'tables' : 'foreign key'
  if (other instanceof Stream) return 'streams'
  if (other instanceof GlobalTable) return 'stream and global table'
  return given.graceMs === undefined ? 'stream and table' : 'stream and table, with grace'
}

function windowName(target: object, [windows, options]: readonly unknown[]): string {
  const kind =
    'gapMs' in (windows as object) ? 'sessions' : 'differenceMs' in (windows as object) ? 'sliding windows' : 'windows'
  if (target.constructor.name === 'CogroupedStream') return `cogroup, ${kind}`
  return (options as { emit?: string } | undefined)?.emit === 'onClose' ? `${kind} on close` : kind
}
