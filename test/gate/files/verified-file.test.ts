import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { VerifiedFile } from '../../../src/gate/files/verified-file.ts'

t.test('only what was minted may go to a socket, whatever it looks like', async t => {
  const file = VerifiedFile.mint({ sha256: sha256Of('x'), size: 1, filename: 'pkg-1.0.tar.gz' })
  t.equal(VerifiedFile.is(file), true)
  for (const forged of [Object.assign({}, file), Object.create(VerifiedFile.prototype), null, undefined, 'x'])
    t.equal(VerifiedFile.is(forged), false)
})
