import type { Command } from 'commander'
import { policyJsonSchema } from '../protocol/policy-schema.ts'
import type { Services } from './services.ts'

export function addPolicySchema(policy: Command, services: Services): void {
  policy
    .command('schema')
    .summary('print the JSON Schema of policies')
    .description(
      'Prints the JSON Schema (draft 2020-12) that editors complete and underline policies with. What must hold between the parts of a policy, `policy check` tells.',
    )
    .addHelpText(
      'after',
      `
Example:
  portcullis policy schema > policy.schema.json
  # yaml-language-server: $schema=./policy.schema.json`,
    )
    .action(() => services.output.out(`${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`))
}
