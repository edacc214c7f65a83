import { numbers, texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const counted = numbers('counted')

const words = [
  record(input, 'a', 'one', 10, { trace: 'x' }),
  record(input, 'b', 'two', 5),
  record(input, 'a', 'three', 7),
  record(input, null, 'four', 20),
  record(input, 'a', null, 30),
  record(input, 'b', 'five', 25, { trace: 'y' }),
]

export const aggregates: ScenarioGroup = {
  name: 'aggregates',
  javaClass: 'Aggregates',
  scenarios: [
    {
      name: 'count by key',
      input: words,
      build: (app) => {
        app.stream(input).groupByKey().count({ store: 'counts' }).to(counted)
      },
    },
  ],
}
