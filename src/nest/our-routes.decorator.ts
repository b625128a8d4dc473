import {
  applyDecorators,
  Controller,
  UseFilters,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { GateGuard } from './gate.guard';
import { LogoutExceptionFilter } from './logout-exception.filter';
import { Public, PublicForHosts, USUAL_KEYS } from './public.decorator';

/**
 * A controller of ours. Each of its methods is an entry of the table of routes, and decides about
 * tokens itself. What is refused, the filter answers.
 */
export const OurRoutes = (): ClassDecorator =>
  applyDecorators(
    Public(),
    PublicForHosts(USUAL_KEYS),
    Controller({ version: VERSION_NEUTRAL }),
    UseGuards(GateGuard),
    UseFilters(LogoutExceptionFilter),
  );
