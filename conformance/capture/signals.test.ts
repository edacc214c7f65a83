// Who may send signals may have tables read again, and nothing else.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Notification, SignalSender } from '@millrace/connect'
import { CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually } from '../../packages/connect/test/support/topic-reader.ts'

describe('signals that mean no good', () => {
  const capture = new CaptureFixture()
  const { database, run, accounts, versions } = capture

  const conditions: Record<string, readonly [told: string, conditions: unknown]> = {
    'ends its statement and adds others': [
      'TABLE_SCAN_COMPLETED',
      [
        {
          'data-collection': 'public.account',
          filter:
            "true) limit 1; rollback; insert into stolen values ('x'); commit; begin; select 1 from account where (true",
        },
      ],
    ],
    'is none': ['REFUSED', [null]],
  }
  for (const [what, [told, given]] of Object.entries(conditions)) {
    test(`a condition that ${what} is told, and the stream goes on`, async () => {
      await using s = await database(`create table account (id int primary key, version int not null);
        create table stolen (x text); insert into account values (1, 0)`)
      const signals = new SignalSender()
      const notifications: Notification[] = []
      const topic = `${s.name}.account`
      await using running = run(
        accounts(s, {
          limits: fast,
          signals: { inProcess: signals },
          notifications: { on: (notification: Notification) => void notifications.push(notification) },
        }),
      )
      await running.ready
      const data = { 'data-collections': ['public.account'], 'additional-conditions': given }
      signals.send({ id: 'bad', type: 'execute-snapshot', data: data as never })
      await eventually('a word about it', () => notifications.find(({ id, type }) => id === 'bad' && type === told))
      await s.db.query('insert into account values (2, 0)')
      await eventually('the stream', async () => ((await versions(topic)).has('2') ? true : undefined))
      assert.equal((await s.db.query('select from stolen')).rowCount, 0)
    })
  }
})
