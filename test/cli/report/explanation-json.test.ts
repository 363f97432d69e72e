import t from 'tap'
import { explanationJson } from '../../../src/cli/report/explanation-json.ts'
import { ADMITTED, EVERY, REFUSED, UNKNOWN } from './explanations.ts'

t.test('every outcome has the same keys, null where there is nothing', async t => {
  const [keys, ...others] = EVERY.map(explanation => Object.keys(explanationJson(explanation)))
  for (const other of others) t.strictSame(other, keys)
  for (const explanation of EVERY)
    for (const [key, value] of Object.entries(explanationJson(explanation))) t.not(value, undefined, key)
})

t.test('a refusal says what helps, and what would admit the file', async t => {
  t.match(explanationJson(REFUSED), { outcome: 'refused', code: 'unattested', remedy: /\w/, admit_with: /exemptions:/ })
  t.match(explanationJson(ADMITTED), { outcome: 'admitted', code: null, remedy: null, admit_with: null })
  t.match(explanationJson(UNKNOWN), { outcome: 'unknown', code: 'unknown-upstream', remedy: null, steps: [] })
})
