import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Case,
  createTopic,
  defineCase,
  type MemberState,
  membersUntil,
  numbered,
  type Run,
  until,
} from './case.ts'

const partitionCount = 4
/** What every program lets the broker wait for data. */
const fetchWaitMs = 100
const idleMs = 2_000
const sessionTimeoutMs = 6_000
/** The session and the rebalance behind it, with room for a busy machine; still below what clients take as their default. */
const takeOverTimeoutMs = sessionTimeoutMs + 24_000

const spread = Array.from({ length: 40 }, (_, index) => ({
  value: `value-${index}`,
  partition: index % partitionCount,
}))

const ownedOnce = (states: readonly MemberState[]): boolean => {
  const owned = states.flatMap((state) => state.owned)
  return owned.length === partitionCount && new Set(owned).size === partitionCount
}
const shared = (states: readonly MemberState[]): boolean =>
  ownedOnce(states) && states.every(({ owned }) => owned.length === partitionCount / states.length)
const sizes = (states: readonly MemberState[]): number[] => states.map(({ owned }) => owned.length)
const seenBy = (states: readonly MemberState[]): number => new Set(states.flatMap(({ values }) => values)).size

type Protocol = { readonly protocol?: 'classic' | 'consumer'; readonly assignor?: string }

/** Two members share, records go to both, one leaves or dies, the rest owns all and reads on. */
async function sharing(run: Run, options: Protocol, end: 'leave' | 'kill') {
  const { program, prefix: topic } = run
  await createTopic(run, topic, partitionCount)
  await using other = run.another()
  const join = { group: `${topic}-group`, topics: [topic], sessionTimeoutMs, ...options }
  await program.run('join', { handle: 'a', ...join })
  const stays = [{ program, handle: 'a' }]
  const alone = await membersUntil(stays, (states) => ownedOnce(states))
  await other.run('join', { handle: 'b', ...join })
  const both = [...stays, { program: other, handle: 'b' }]
  const together = await membersUntil(both, shared)
  await program.run('produce', { topic, records: spread })
  // What comes next would only wait in vain.
  if (!shared(together))
    throw new Error(`not shared: ${sizes(together).join(' and ')}, ${together.map(({ error }) => error).join(' and ')}`)
  const read = await membersUntil(
    both,
    (states) => seenBy(states) === spread.length && states.every(({ values }) => values.length > 0),
  )
  if (end === 'leave') await other.run('leave', { handle: 'b' })
  else await other.kill()
  const ended = Date.now()
  const after = await membersUntil(stays, (states) => ownedOnce(states), takeOverTimeoutMs)
  const took = Date.now() - ended
  const more = spread.map(({ partition }, index) => ({ value: `more-${index}`, partition }))
  await program.run('produce', { topic, records: more })
  const last = await membersUntil(stays, ([state]) => more.every(({ value }) => state!.values.includes(value)))
  const group = await until(
    () => program.attempt('describeGroup', { group: join.group }),
    (answer) => 'error' in answer || /^stable$/i.test(answer.result.state),
  )
  await program.run('leave', { handle: 'a' })
  return {
    alone: sizes(alone),
    together: sizes(together),
    isReadByBoth: read.every(({ values }) => values.length > 0),
    read: seenBy(read),
    after: sizes(after),
    errors: [...read, ...last].map(({ error }) => error),
    isInTime: took < takeOverTimeoutMs,
    // Once each: what a rebalance interrupts before it is committed is read again.
    more: new Set(last[0]!.values.filter((value) => value.startsWith('more-'))).size,
    group: 'result' in group ? group.result : group.error,
  }
}

function checkSharing({ group: _, ...rest }: Awaited<ReturnType<typeof sharing>>): void {
  assert.deepEqual(rest, {
    ...{ alone: [4], together: [2, 2], isReadByBoth: true, read: 40 },
    ...{ after: [4], errors: ['NONE', 'NONE', 'NONE'], isInTime: true, more: 40 },
  })
}

const classic = ['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const

export const groupCases: readonly Case[] = [
  ...classic.map((assignor) =>
    defineCase({
      name: `two members share by ${assignor}, one leaves`,
      subject: 'groups',
      needs: ['join', 'member', 'leave', `assignor ${assignor}`],
      run: (run) => sharing(run, { assignor }, 'leave'),
      check: checkSharing,
    }),
  ),
  ...(['roundrobin', 'cooperative-sticky'] as const).map((assignor) =>
    defineCase({
      name: `the survivor of a group by ${assignor} takes over from a member that was killed`,
      subject: 'groups',
      needs: ['join', 'member', `assignor ${assignor}`],
      run: (run) => sharing(run, { assignor }, 'kill'),
      check: checkSharing,
    }),
  ),
  ...(['uniform', 'range'] as const).map((assignor) =>
    defineCase({
      name: `two members share by group.protocol=consumer and ${assignor}, one leaves`,
      subject: 'groups',
      needs: ['join', 'member', 'leave', 'group.protocol=consumer'],
      run: (run) => sharing(run, { protocol: 'consumer', assignor }, 'leave'),
      check: checkSharing,
    }),
  ),
  defineCase({
    name: 'a group goes on from what it committed',
    subject: 'groups',
    needs: ['join', 'member', 'leave'],
    quiet: true,
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      const seen: string[][] = []
      for (const round of [0, 1]) {
        const records = numbered(10, (index) => `round ${round} ${index}`)
        await program.run('produce', { topic, records })
        const handle = `member-${round}`
        await program.run('join', { handle, group: `${topic}-group`, topics: [topic] })
        const [state] = await membersUntil([{ program, handle }], ([one]) => one!.values.length >= 10)
        await program.run('leave', { handle })
        seen.push(state!.values)
      }
      return seen
    },
    check: (seen) =>
      assert.deepEqual(
        seen,
        [0, 1].map((round) => numbered(10).map((_, index) => `round ${round} ${index}`)),
      ),
  }),
  defineCase({
    name: 'a group that starts at the end reads only what comes after',
    subject: 'groups',
    needs: ['join', 'member', 'leave'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await program.run('produce', { topic, records: numbered(5) })
      await program.run('join', { handle: 'm', group: `${topic}-group`, topics: [topic], reset: 'latest' })
      const member = [{ program, handle: 'm' }]
      await membersUntil(member, ([state]) => state!.owned.length === 1)
      // It owns the partition a moment before it knows where the end is.
      const deadline = Date.now() + 45_000
      let values: string[] = []
      while (values.length === 0 && Date.now() < deadline) {
        await program.run('produce', { topic, records: [{ value: 'after', partition: 0 }] })
        const [state] = await membersUntil(member, ([one]) => one!.values.length > 0, 300)
        values = state!.values
      }
      await program.run('leave', { handle: 'm' })
      return [...new Set(values)]
    },
    check: (values) => assert.deepEqual(values, ['after']),
  }),
  defineCase({
    name: 'a static member comes back to its partitions without a rebalance',
    subject: 'groups',
    needs: ['join', 'member', 'static members', 'assignor range'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, partitionCount)
      const join = { group: `${topic}-group`, topics: [topic], sessionTimeoutMs: 60_000, assignor: 'range' }
      await program.run('join', { handle: 'a', instanceId: 'a', ...join })
      const victim = run.another()
      await victim.run('join', { handle: 'b', instanceId: 'b', ...join })
      const both = [
        { program, handle: 'a' },
        { program: victim, handle: 'b' },
      ]
      const before = await membersUntil(both, shared)
      await victim.kill()
      await using successor = run.another()
      await successor.run('join', { handle: 'b', instanceId: 'b', ...join })
      const after = await membersUntil([both[0]!, { program: successor, handle: 'b' }], shared)
      await program.run('leave', { handle: 'a' })
      return { before: sizes(before), after: sizes(after), isSame: before[1]!.owned.join() === after[1]!.owned.join() }
    },
    check: (outcome) => assert.deepEqual(outcome, { before: [2, 2], after: [2, 2], isSame: true }),
  }),
  ...(['classic', 'consumer'] as const).map((protocol) =>
    defineCase({
      name: `a pattern subscribes to the topics it matches (${protocol})`,
      subject: 'groups',
      needs: [
        'join',
        'member',
        'leave',
        'patterns',
        ...(protocol === 'consumer' ? (['group.protocol=consumer'] as const) : []),
      ],
      async run(run) {
        const { program, prefix } = run
        for (const name of ['one', 'two']) await createTopic(run, `${prefix}-${name}`)
        await createTopic(run, `other-${prefix}`)
        await program.run('join', { handle: 'm', group: `${prefix}-group`, pattern: `^${prefix}-(one|two)$`, protocol })
        const [state] = await membersUntil([{ program, handle: 'm' }], ([one]) => one!.owned.length === 2)
        await program.run('leave', { handle: 'm' })
        return state!.owned.map((name) => name.slice(prefix.length))
      },
      check: (owned) => assert.deepEqual(owned, ['-one-0', '-two-0']),
    }),
  ),
  defineCase({
    name: 'an idle member asks once in the time that it lets the broker wait',
    subject: 'groups',
    needs: ['join', 'member', 'leave'],
    async run(run) {
      const { program, prefix: topic, millrace } = run
      await createTopic(run, topic)
      await program.run('join', { handle: 'm', group: `${topic}-group`, topics: [topic] })
      await membersUntil([{ program, handle: 'm' }], ([state]) => state!.owned.length === 1)
      // Requests are counted where they can be, on Millrace.
      let requests = 0
      const stop = millrace?.intercept(1, ({ clientId }) => {
        if (clientId?.startsWith(program.clientId)) requests++
      })
      const began = performance.now()
      await delay(idleMs)
      stop?.()
      const idledMs = performance.now() - began
      await program.run('leave', { handle: 'm' })
      return { isCalm: requests <= idledMs / fetchWaitMs + 1 }
    },
    check: (outcome) => assert.deepEqual(outcome, { isCalm: true }),
  }),
  defineCase({
    name: 'members that agree on no assignor do not meet',
    subject: 'errors',
    needs: ['join', 'member', 'leave', 'assignor range', 'assignor roundrobin'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      const join = { group: `${topic}-group`, topics: [topic] }
      await program.run('join', { handle: 'a', ...join, assignor: 'range' })
      await membersUntil([{ program, handle: 'a' }], ([state]) => state!.owned.length === 1)
      await program.attempt('join', { handle: 'b', ...join, assignor: 'roundrobin' })
      const states = await membersUntil(
        [
          { program, handle: 'a' },
          { program, handle: 'b' },
        ],
        ([, b]) => b!.error !== 'NONE',
        30_000,
      )
      await program.attempt('leave', { handle: 'b' })
      await program.run('leave', { handle: 'a' })
      return states.map(({ owned, error }) => [owned.length, error])
    },
    check: ([a, b]) => {
      assert.deepEqual(a, [1, 'NONE'])
      assert.equal(b![0], 0)
      assert.notEqual(b![1], 'NONE')
    },
  }),
]
