import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { IMPORT_REFUSALS, ImportRefusal } from '../../../src/domain/base/import-refusal.ts'

t.test('a refusal of an import says its code and what was found, and is no "cannot tell"', async t => {
  const refusal = new ImportRefusal('rollback', 'export 3 was imported, this is 2')
  t.match(refusal, { code: 'rollback', message: 'rollback: export 3 was imported, this is 2', more: [] })
  t.notOk((refusal as Error) instanceof GateError)
})

t.test('every code says in a sentence what it means', async t => {
  for (const [code, meaning] of Object.entries(IMPORT_REFUSALS)) t.match(meaning, /^[A-Z].*\.$/, code)
})
