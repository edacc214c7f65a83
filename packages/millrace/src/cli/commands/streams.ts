import { readFile } from 'node:fs/promises'
import type { KafkaClient } from '@millrace/kafka'
import { applyReset, deleteState, planReset, type ResetPlan, type ResetTarget } from '@millrace/streams'
import { internalTopicsOf, parseDatetime, parseDuration, parseResetFile } from '@millrace/streams/internal'
import { millraceError, notFound } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { counted, printJson, printTable } from '../output.ts'

/** Assignors that only streams applications have: ours, Kafka Streams', and the broker's. */
const streamsAssignors: ReadonlySet<string> = new Set(['millrace-streams', 'stream', 'streams'])

interface Application {
  readonly application: string
  readonly state: string
  readonly members: number
  readonly internalTopics: readonly string[]
}

/** Groups that are streams applications: by their assignor while they run, by their topics always. */
async function applications(client: KafkaClient): Promise<Application[]> {
  const groups = await client.admin.listGroups()
  const groupIds = groups.map(({ groupId }) => groupId)
  const topics = (await client.admin.listTopics()).map(({ name }) => name)
  const described = await client.admin.describeGroups(groupIds)
  return described
    .map(({ groupId: application, state, protocol, members }) => ({
      application,
      state,
      protocol,
      members: members.length,
      internalTopics: internalTopicsOf(application, topics, groupIds),
    }))
    .filter(({ protocol, internalTopics }) => internalTopics.length > 0 || streamsAssignors.has(protocol))
    .map(({ protocol: _, ...application }) => application)
}

export async function listApplications(flags: DailyFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    const found = await applications(client)
    if (flags.json) printJson(found)
    else
      printTable(
        ['application', 'state', 'members', 'internal topics'],
        found.map((one) => [one.application, one.state, one.members, one.internalTopics.length]),
      )
  })
}

export async function describeApplication(id: string, flags: DailyFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    const application = await find(client, id)
    const [group] = await client.admin.describeGroups([id])
    const members = (group?.members ?? []).map(({ memberId, groupInstanceId, clientId, clientHost, assignment }) => {
      const inputs = assignment.map(({ topic, partition }) => `${topic}-${partition}`).sort()
      return { memberId, groupInstanceId, clientId, clientHost, inputs }
    })
    const topics = new Map((await client.admin.listTopics()).map(({ name, partitions }) => [name, partitions.length]))
    const internal = application.internalTopics.map((topic) => ({ topic, partitions: topics.get(topic) ?? 0 }))
    if (flags.json) {
      printJson({ application: id, state: application.state, members, internalTopics: internal })
      return
    }
    console.log(`application ${id}, ${application.state}, ${counted(members.length, 'member')}`)
    printTable(
      ['member', 'client', 'host', 'inputs'],
      members.map((member) => [member.memberId, member.clientId, member.clientHost, member.inputs.join(' ')]),
    )
    printTable(
      ['internal topic', 'partitions'],
      internal.map(({ topic, partitions }) => [topic, partitions]),
    )
  })
}

export async function applicationOffsets(id: string, flags: DailyFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    await find(client, id)
    const committed = await client.admin.committedOffsets(id)
    const ends = await client.admin.listOffsets(
      committed.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const })),
      { isolation: 'read_committed' },
    )
    const rows = committed
      .map(({ topic, partition, offset }) => {
        const end = ends.find((at) => at.topic === topic && at.partition === partition)?.offset ?? -1
        return { topic, partition, committed: offset, end, lag: Math.max(0, end - offset) }
      })
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
    if (flags.json) printJson({ application: id, offsets: rows })
    else
      printTable(
        ['topic', 'partition', 'committed', 'end', 'lag'],
        rows.map((row) => [row.topic, row.partition, row.committed, row.end, row.lag]),
      )
  })
}

export interface ResetFlags extends DailyFlags {
  readonly inputTopics?: readonly string[]
  readonly internalTopics?: readonly string[]
  readonly toEarliest?: boolean
  readonly toLatest?: boolean
  readonly toOffset?: number
  readonly toDatetime?: string
  readonly byDuration?: string
  readonly shiftBy?: number
  readonly fromFile?: string
  readonly stateDir: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

export async function resetApplication(id: string, flags: ResetFlags): Promise<void> {
  const target = await targetOf(flags)
  await withKafka(flags, async (client) => {
    const { inputTopics, internalTopics, stateDir, force = false } = flags
    const plan = await planReset(client, {
      applicationId: id,
      target,
      ...(inputTopics && { inputTopics }),
      ...(internalTopics && { internalTopics }),
    })
    // While an instance runs its directory is locked: that is said of the members, and better.
    const isIdle = plan.members.length === 0 || force
    const state = isIdle ? await deleteState({ stateDir, applicationId: id, preview: true }) : []
    if (plan.offsets.length === 0 && plan.deletedTopics.length === 0 && state.length === 0) {
      throw notFound(`there is nothing of an application "${id}"`, 'List them with "millrace streams list".')
    }
    if (!flags.yes || flags.dryRun) {
      if (flags.json) printJson({ ...plan, state, done: false })
      else printPlan(plan, state)
      const what = `this would reset ${id}`
      if (!flags.dryRun) throw millraceError('CONFIRMATION_NEEDED', what, { application: id })
      return
    }
    await applyReset(client, plan, { force })
    await deleteState({ stateDir, applicationId: id })
    if (flags.json) printJson({ ...plan, state, done: true })
    else {
      printPlan(plan, state)
      console.log(`reset ${id}`)
    }
    if (state.length === 0) {
      console.error(
        `no state under ${stateDir}; delete that of other machines before they start (deleteState, or the folder)`,
      )
    }
  })
}

function printPlan({ offsets, deletedTopics, members }: ResetPlan, state: readonly string[]): void {
  if (members.length > 0) console.log(`${counted(members.length, 'member')} in the group`)
  printTable(
    ['topic', 'partition', 'from', 'to', 'end'],
    offsets.map(({ topic, partition, from, offset, end }) => [topic, partition, from ?? '-', offset, end]),
  )
  for (const topic of deletedTopics) console.log(`delete topic ${topic}`)
  for (const name of state) console.log(`delete state ${name}`)
}

/** At most one of the flags that say where to. */
async function targetOf(flags: ResetFlags): Promise<ResetTarget> {
  const { toEarliest, toLatest, toOffset, toDatetime, byDuration, shiftBy, fromFile } = flags
  const given = Object.entries({ toEarliest, toLatest, toOffset, toDatetime, byDuration, shiftBy, fromFile })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  if (given.length > 1) throw millraceError('USAGE', `${given.join(' and ')} do not go together`)
  if (toLatest) return { to: 'latest' }
  if (toOffset !== undefined) return { to: 'offset', offset: toOffset }
  if (shiftBy !== undefined) return { to: 'shift', by: shiftBy }
  if (toDatetime !== undefined) return { to: 'time', timestampMs: parseDatetime(toDatetime) }
  if (byDuration !== undefined) return { to: 'time', timestampMs: Date.now() - parseDuration(byDuration) }
  if (fromFile !== undefined) return { to: 'offsets', offsets: parseResetFile(await textOf(fromFile)) }
  return { to: 'earliest' }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw millraceError('USAGE', `${path} cannot be read`, { path }, error)
  }
}

async function find(client: KafkaClient, id: string): Promise<Application> {
  const application = (await applications(client)).find((one) => one.application === id)
  if (application) return application
  throw notFound(`there is no streams application "${id}"`, 'List them with "millrace streams list".')
}
