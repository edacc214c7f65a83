import type { GroupDescription, TopicPartition, TopicPartitionOffset } from '@millrace/kafka'
import { notFound } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { counted, printJson, printTable } from '../output.ts'

export async function listGroups(flags: DailyFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    const groups = await client.admin.listGroups()
    if (flags.json) printJson(groups)
    else
      printTable(
        ['group', 'type', 'state'],
        groups.map((group) => [group.groupId, group.groupType, group.state]),
      )
  })
}

export async function describeGroup(groupId: string, flags: DailyFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    // Brokers differ in how they say that there is none: as an error, or as a dead group.
    const isKnown = (await client.admin.listGroups()).some((listed) => listed.groupId === groupId)
    const [group] = isKnown ? await client.admin.describeGroups([groupId]) : []
    if (!group || group.state === 'Dead')
      throw notFound(`there is no group "${groupId}"`, 'List the groups with "millrace groups list".')
    const committed = await client.admin.committedOffsets(groupId)
    const partitions = partitionsOf(group, committed)
    const ends = await client.admin.listOffsets(
      partitions.map((partition) => ({ ...partition, at: 'latest' as const })),
      { isolation: 'read_committed' },
    )
    const rows = partitions.map((of) => {
      const offset = committed.find((candidate) => isSame(candidate, of))?.offset
      const end = ends.find((candidate) => isSame(candidate, of))?.offset ?? -1
      const owner = group.members.find(({ assignment }) => assignment.some((assigned) => isSame(assigned, of)))
      const lag = offset === undefined ? null : Math.max(0, end - offset)
      return { ...of, committed: offset ?? null, end, lag, member: owner?.memberId }
    })
    if (flags.json) {
      printJson({ group: groupId, state: group.state, protocol: group.protocol, members: group.members, offsets: rows })
      return
    }
    const members = counted(group.members.length, 'member')
    console.log(`group ${groupId}, ${group.state}, ${members}, assignor ${group.protocol || 'none'}`)
    printTable(
      ['topic', 'partition', 'committed', 'end', 'lag', 'member'],
      rows.map((row) => [row.topic, row.partition, row.committed ?? '-', row.end, row.lag ?? '-', row.member ?? '-']),
    )
  })
}

/** What has a commit and what a member reads without one yet, by topic and partition. */
function partitionsOf(group: GroupDescription, committed: readonly TopicPartitionOffset[]): TopicPartition[] {
  const all = [...committed, ...group.members.flatMap(({ assignment }) => assignment)]
  const unique = new Map(all.map(({ topic, partition }) => [`${topic}-${partition}`, { topic, partition }]))
  return [...unique.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
}

function isSame(a: TopicPartition, b: TopicPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition
}
