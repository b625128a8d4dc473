import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { UnauthorizedError } from 'express-jwt';

/** Nest knows no errors of express-jwt: without this, each would be its 500. */
@Catch(UnauthorizedError)
export class UnauthorizedErrorFilter implements ExceptionFilter {
  catch(error: UnauthorizedError, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(error.status).json({ error: error.code });
  }
}
