import type { HostMap } from '../assignment/user-data.ts'
import type { TaskHosts } from './query-source.ts'

const nobody: TaskHosts = { active: undefined, standby: [] }
const indexes = new WeakMap<HostMap, Map<string, TaskHosts>>()

/** Who has a task, by what the group's leader told; asked for every query, so that it is looked up and not searched. */
export function hostsOf(hosts: HostMap | undefined, task: string): TaskHosts {
  if (hosts === undefined) return nobody
  let index = indexes.get(hosts)
  if (index === undefined) {
    index = indexed(hosts)
    indexes.set(hosts, index)
  }
  return index.get(task) ?? nobody
}

function indexed({ hosts, standbyHosts = [] }: HostMap): Map<string, TaskHosts> {
  const found = new Map<string, { active: string | undefined; standby: string[] }>()
  const of = (task: string): { active: string | undefined; standby: string[] } => {
    const known = found.get(task) ?? { active: undefined, standby: [] }
    found.set(task, known)
    return known
  }
  for (const [host, tasks] of hosts) for (const task of tasks) of(task).active = host
  for (const [host, tasks] of standbyHosts) for (const task of tasks) of(task).standby.push(host)
  return found
}
