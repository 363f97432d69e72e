import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { remedyFor, whyNothingAdmits } from '../../domain/decide/admit-with.ts'
import type { ShownExplanation } from '../../gate/explain/explanation.ts'
import { verdictJson } from '../../gate/explain/verdict-json.ts'
import { type Help, NO_HELP } from '../../protocol/answers/problem.ts'

/** One line of `explain --format json`: what `verify` says, and all that it rests on. */
export function explanationJson(
  explanation: ShownExplanation,
  { help = NO_HELP, index }: { readonly help?: Help; readonly index?: string | undefined } = {},
): Readonly<Record<string, unknown>> {
  const { file, outcome, steps, signed, notes } = explanation
  const refused = !(outcome instanceof GateError) && outcome.kind === 'refused' ? outcome : undefined
  return {
    ...verdictJson(explanation),
    source: file.source ?? null,
    index: index ?? null,
    remedy: refused === undefined ? null : remedyFor(refused),
    steps: steps.map(({ mark, check, expected, found }) => ({
      mark,
      check,
      expected: expected ?? null,
      found: found ?? null,
    })),
    admit_with: refused?.admitWith ?? null,
    nothing_admits: (refused && whyNothingAdmits(refused)) ?? null,
    passes: help.passes ?? null,
    contact: help.contact ?? null,
    publisher: signed?.publisher ?? null,
    signed: signed === undefined ? null : { at: formatInstant(signed.at), log_index: signed.logIndex },
    notes,
  }
}
