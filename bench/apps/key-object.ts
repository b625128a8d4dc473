/** The documentation's sample with the key prepared as a `KeyObject`. No revocation. */
import { PassportHost } from './passport-host';
import { serve } from './serve';

void serve(PassportHost);
