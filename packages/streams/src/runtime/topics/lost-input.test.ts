import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import type { FetchedPartition } from '@millrace/kafka'
import { MemoryStateStores } from '../memory-state-stores.ts'
import { LostInput } from './lost-input.ts'

function input(mode: 'fail' | 'continue' = 'fail'): { readonly check: LostInput; readonly told: unknown[] } {
  const told: unknown[] = []
  const options = { config: { lostInput: mode }, stores: new MemoryStateStores(), boundsOf: async () => new Map() }
  return { check: new LostInput({ ...options, onFailure: (error) => told.push(error) }), told }
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
  assert.throws(() => check.checkFetched(fetched(60, 60), 40), {
    code: 'STREAMS_INPUT_LOST',
    message: 'order-0 has records 60 to 100, but is to be read from 40 on',
  })
})

test('a fetch from an earlier offset is one of a log that was cut off or created anew', () => {
  const { check } = input()
  assert.throws(() => check.checkFetched(fetched(0, 0), 40), { code: 'STREAMS_INPUT_LOST' })
})

test('where the application is to go on, what is missed is told', () => {
  const { check, told } = input('continue')
  check.checkFetched(fetched(60, 60), 40)
  assert.deepEqual(
    told.map((error) => isMillraceError(error) && error.code),
    ['STREAMS_INPUT_LOST'],
  )
})
