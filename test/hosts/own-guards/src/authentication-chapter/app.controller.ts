import { Controller, Get } from '@nestjs/common';
import { Public } from './auth/public.decorator.js';

@Controller()
export class AppController {
  @Public()
  @Get()
  findAll() {
    return [];
  }
}
