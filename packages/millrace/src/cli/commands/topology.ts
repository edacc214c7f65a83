import type { ApplicationPicture } from '@millrace/streams'
import { ask } from '../gateway-client.ts'
import { printJson, printTable } from '../output.ts'

/** `millrace streams topology`: all instances of an application as one of them sees and asks them. */
export async function topologyCommand(application: string, flags: { url: string; json?: boolean }): Promise<void> {
  const path = `/streams/${encodeURIComponent(application)}/topology?instances=all`
  const picture = (await ask(flags.url, path)) as ApplicationPicture
  if (flags.json) {
    printJson(picture)
    return
  }
  printTable(
    ['instance', 'host', 'state'],
    picture.instances.map(({ instance = '', host = '', state, isReachable, reason = '' }) => {
      return [instance, host, isReachable ? (state ?? '') : `not reachable: ${reason}`]
    }),
  )
  const tasks = picture.subtopologies.flatMap((subtopology) => subtopology.tasks)
  printTable(
    ['task', 'instance', 'thread', 'state', 'records', 'per second', 'lag'],
    tasks.map(({ id, instance = '', thread, state, records, lag }) => {
      return [id, instance, thread, state, records.total, Math.round(records.perSecond), lag]
    }),
  )
}
