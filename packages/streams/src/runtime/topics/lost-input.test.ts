import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import type { FetchedPartition } from '@millrace/kafka'
import type { ActiveTask } from '../active-task.ts'
import { MemoryStateStores } from '../memory-state-stores.ts'
import { LostInput } from './lost-input.ts'

const at = { topic: 'order', partition: 0 }
const task = { id: { subtopology: 0, partition: 0 }, inputs: [at] } as unknown as ActiveTask

function input(
  mode: 'fail' | 'continue' = 'fail',
  committedNow = 40,
): { readonly check: LostInput; readonly told: unknown[] } {
  const told: unknown[] = []
  const bounds = { begin: 60, end: 100, topicId: undefined }
  const check = new LostInput({
    config: { lostInput: mode },
    stores: new MemoryStateStores(),
    boundsOf: async () => new Map([['order/0', bounds]]),
    committedOf: async () => [{ ...at, offset: committedNow }],
    onFailure: (error) => told.push(error),
  })
  return { check, told }
}

const fetched = (firstOffset: number, logStartOffset: number): FetchedPartition =>
  ({ topic: 'order', partition: 0, firstOffset, logStartOffset, highWatermark: 100 }) as FetchedPartition

test('a fetch that begins where the last one ended, or behind markers of transactions, misses nothing', () => {
  const { check, told } = input()
  check.checkFetched(fetched(40, 0), undefined)
  check.checkFetched(fetched(40, 0), 40)
  check.checkFetched(fetched(43, 40), 40)
  assert.deepEqual(told, [])
})

test('a fetch behind records that were deleted unread is told from one behind markers', () => {
  const { check } = input()
  assert.throws(() => check.checkFetched(fetched(60, 60), 40), { code: 'STREAMS_INPUT_DOUBTED', retriable: true })
})

test('a fetch from an earlier offset is one of a log that was cut off or created anew', () => {
  const { check } = input()
  assert.throws(() => check.checkFetched(fetched(0, 0), 40), { code: 'STREAMS_INPUT_DOUBTED' })
})

test('a task whose next records are gone is not begun', async () => {
  const { check } = input()
  await assert.rejects(check.check([task], new Map([['order/0', 40]])), {
    code: 'STREAMS_INPUT_LOST',
    message: 'order-0 has records 60 to 100, but is to be read from 40 on',
  })
  await assert.rejects(check.check([task], new Map([['order/0', 101]])), { code: 'STREAMS_INPUT_DOUBTED' })
  await check.check([task], new Map([['order/0', 60]]))
  await check.check([task], new Map())
})

test('one that the group has left behind sees its successor at work, and nothing lost', async () => {
  const { check } = input('fail', 70)
  await assert.rejects(check.check([task], new Map([['order/0', 40]])), { code: 'STREAMS_INPUT_DOUBTED' })
})

test('where the application is to go on, what is missed is told', async () => {
  const { check, told } = input('continue')
  const committed = new Map([['order/0', 40]])
  await check.check([task], committed)
  assert.equal(committed.get('order/0'), 60)
  assert.deepEqual(
    told.map((error) => isMillraceError(error) && error.code),
    ['STREAMS_INPUT_LOST'],
  )
})
