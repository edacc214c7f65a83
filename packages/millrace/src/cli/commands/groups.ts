import { millraceError } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { printJson, printTable } from '../output.ts'

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
      throw millraceError('NOT_FOUND', `there is no group "${groupId}"`, { groupId })
    const committed = await client.admin.committedOffsets(groupId)
    const ends = await client.admin.listOffsets(
      committed.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const })),
      { isolation: 'read_committed' },
    )
    const rows = committed.map(({ topic, partition, offset }) => {
      const end = ends.find((candidate) => candidate.topic === topic && candidate.partition === partition)?.offset ?? -1
      const owner = group.members.find(({ assignment }) =>
        assignment.some((assigned) => assigned.topic === topic && assigned.partition === partition),
      )
      return { topic, partition, committed: offset, end, lag: Math.max(0, end - offset), member: owner?.memberId }
    })
    if (flags.json) {
      printJson({ group: groupId, state: group.state, protocol: group.protocol, members: group.members, offsets: rows })
      return
    }
    console.log(
      `group ${groupId}, ${group.state}, ${group.members.length} members, assignor ${group.protocol || 'none'}`,
    )
    printTable(
      ['topic', 'partition', 'committed', 'end', 'lag', 'member'],
      rows.map((row) => [row.topic, row.partition, row.committed, row.end, row.lag, row.member]),
    )
  })
}
