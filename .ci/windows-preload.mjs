// Loaded into every win32 process of `npm run test:windows` under wine: wine 8 knows no keep-alive settings of a
// socket, and Node then fails to connect (UNKNOWN). On Windows itself nothing is loaded.
import { Socket } from 'node:net'

Socket.prototype.setKeepAlive = function setKeepAlive() {
  return this
}
