export {
  type PipeOptions,
  type TestDeadLetter,
  type TestDriver,
  type TestDriverOptions,
  type TestInput,
  type TestOutput,
  type TestRecord,
  testDriver,
} from './testing/test-driver.ts'
