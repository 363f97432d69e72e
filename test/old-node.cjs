'use strict'
// What tap starts before any test, in a process of its own: an older Node is told what to do instead, once, and tap ends with it.

/** At once: asked politely, tap would tell of a test that did not finish. */
function endTap() {
  process.kill(process.ppid, 'SIGKILL')
}

process.once('exit', endTap)
require('../bin/node-version.cjs')
process.removeListener('exit', endTap)
