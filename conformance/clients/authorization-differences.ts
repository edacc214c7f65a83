/** Where Millrace answers otherwise than Apache Kafka 4.3 to who lacks a right or has it, and why. */
export const rightsDifferences: readonly { readonly titles: RegExp; readonly why: string }[] = [
  {
    titles: /^DescribeUserScramCredentials, .* without/,
    why: 'Apache Kafka adds the result of a user without a name to the error.',
  },
]
