import { serdes, topic } from '@millrace/contracts'
import { tumbling, windowedSerde } from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const counted = topic('counted', { key: windowedSerde(serdes.string, minute), value: serdes.json<number>() })

const events = [
  record(input, 'a', '1', 10),
  record(input, 'a', '2', 120),
  record(input, 'a', '3', 90), // its window has ended, and is still open
  record(input, 'b', '4', 160),
  record(input, 'a', '5', 20), // late
  record(input, null, '6', 170),
  record(input, 'a', null, 180),
  record(input, 'a', '8', 170),
]

export const timeWindows: ScenarioGroup = {
  name: 'time-windows',
  javaClass: 'TimeWindowed',
  scenarios: [
    {
      name: 'tumbling count',
      input: events,
      build: (app) => {
        app.stream(input).groupByKey().window(minute).count({ store: 'counts' }).to(counted)
      },
    },
  ],
}
