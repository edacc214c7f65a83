export { baseError, baseErrors } from './base-errors.ts'
export {
  type ConnectFailure,
  type DeadLetter,
  type DeadLetterStage,
  deadLetterHeaders,
  deadLetterId,
  deadLetterStacktraceMaxChars,
  deadLetterTopic,
  isDeadLetterHeader,
  readDeadLetter,
} from './dead-letter.ts'
export { deadLetterTopicConfig, maxMessageBytes, sendFitting, truncatedHeader } from './dead-letter-size.ts'
export { eventIdOf, withForwardedId } from './event-id.ts'
export { type Limit, type LimitTable, resolveLimits } from './limits.ts'
export { nearest } from './nearest.ts'
export { type CheckOptionsSettings, checkOptions, type OptionRule, type OptionRules, unknownOption } from './options.ts'
export { type PropertyLine, parseProperties, propertyLines } from './properties.ts'
export {
  isForAnother,
  isRedriveHeader,
  originText,
  parseOrigin,
  type Redrive,
  readRedrive,
  redriveHeaders,
  redrivenForAnother,
} from './redrive.ts'
export { type Backoff, backoffMs, type RetryOptions, retry } from './retry.ts'
export { runClock } from './run-clock.ts'
export { VirtualClock } from './virtual-clock.ts'
