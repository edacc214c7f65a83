import { texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const out = texts('out')

const words = [
  record(input, 'a', 'one', 10, { trace: 'x' }),
  record(input, 'b', 'is', 5),
  record(input, null, 'three', 20),
  record(input, 'a', 'four', 15),
]

export const stateless: ScenarioGroup = {
  name: 'stateless',
  javaClass: 'Stateless',
  scenarios: [
    {
      name: 'filter',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .filter((word) => word.length > 2)
          .to(out)
      },
    },
  ],
}
