import t from 'tap'
import { noneMatch } from '../../../src/http/exchange/conditional.ts'

const ETAG = '"sha256-aa"'

t.test('If-None-Match is a list, compared weakly', async t => {
  for (const matching of [ETAG, `W/${ETAG}`, '*', ' * ', `"a", ${ETAG}`, `"a",W/${ETAG} ,"b"`])
    t.equal(noneMatch(matching, ETAG), false, matching)
  for (const other of [undefined, '', '"a"', 'sha256-aa', `w/${ETAG}`, `${ETAG}x`, '"*"'])
    t.equal(noneMatch(other, ETAG), true, String(other))
})
